"""The names of parties and of the judge who reports, out of the text of a field.

A comma separates parties, and stands inside the names of some; the text alone tells which only by its words.
"""

from __future__ import annotations

import re
from functools import lru_cache

from trio_pipeline.diario.judgements.labels import plain

__all__ = ["clean_name", "is_initials", "read_parties", "read_relator"]

_ENDS = " \t.,;:-–—*“”\"'"
_REPRESENTED = re.compile(
    r"[\s,(]{1,3}(?:neste ato )?(?:representad|assistid)[oa]s?(?:\([oa]?s?\))?"
    r"(?: legalmente| neste ato)? (?:por|pel[oa])\b.*",
    re.IGNORECASE,
)
_OTHERS = re.compile(r"\s+e\s+outr[oa](?:s|\(s\))?(?:\s*\(\d{1,3}\))?$", re.IGNORECASE)
# Firms of one person carry the owner's CPF in their name.
_OWNER_NUMBER = re.compile(r"\s+(?:\d{11}|\*{11})$")

_COMPANY_END = re.compile(r"(?:\b(?:ltda|eireli|me|epp|s/?a|cia)|s\. ?a)\.?$")
# Two parties printed without a comma: BENEFICIOS S.A.BRADESCO SAUDE S/A, or LTDA BANCO DO BRASIL S.A.
_GLUED = re.compile(
    r"(?<=\bS\.A\.)(?=[^\W\d_]{3})|(?<=\bLTDA\.)(?=[^\W\d_]{2})|(?<=\bEIRELI\.)(?=[^\W\d_]{2})"
    r"|(?<=\bLTDA) (?=(?:BANCO|ESTADO D|MUNIC[IÍ]PIO D)\b)|(?<=\bLTDA\.) (?=(?:BANCO|ESTADO D|MUNIC[IÍ]PIO D)\b)"
)
_GLUE = ("S.A.", "LTDA", "EIRELI")  # what every one of them holds
# What firms deal in and associations are of: a piece after a comma that begins so, and lists ("A E B"), goes on with
# the name before it (CRÉDITO, FINANCIAMENTO E INVESTIMENTO).
_TRADE = re.compile(
    r"""
    administracao|agricultura|agropecuaria|alimentos|aposentados|armazenagem|assessoria|assistencia|
    beneficios|capitalizacao|comercio|comunicacao|construcao|construcoes|consultoria|corretagem|credito|
    cultura|desenvolvimento|distribuicao|educacao|empreendimentos|engenharia|ensino|equipamentos|esporte|
    eventos|exportacao|financiamento|financiamentos|gestao|hoteis|idosos|importacao|incorporacao|
    incorporacoes|industria|inovacao|investimento|investimentos|lazer|locacao|logistica|manutencao|meio|
    moveis|pagamento|pagamentos|participacoes|pecuaria|pensionistas|pesca|pesquisa|planejamento|previdencia|
    producao|publicidade|representacoes|saneamento|saude|seguranca|seguros|servico|servicos|tecnologia|
    telecomunicacoes|trabalho|transporte|transportes|turismo|vendas|viagens|vigilancia
    """,
    re.VERBOSE,
)
_STATE = re.compile(
    r"""
    acre|alagoas|amapa|amazonas|bahia|ceara|goias|maranhao|para|paraiba|parana|pernambuco|piaui|rondonia|
    roraima|sergipe|tocantins
    """,
    re.VERBOSE,
)
_INITIALS = re.compile(r"(?:[^\W\d_][. ]{1,3}|(?:d[aeo]s?|e)\.? \.?){1,12}[^\W\d_]?\.?", re.IGNORECASE)
_LETTER_WITH_DOT = re.compile(r"\b[^\W\d_]\.")
_AND = re.compile(r" e ")

_TITLE = re.compile(
    r"(?:(?:o|a|excelentíssim[oa]|exm[oa]\.?|senhora?|sra?\.?|dra?\.?|ju[ií]za?|desembargadora?|des\.?ª?|ministr[oa]|min\.?"
    r"|federal|de direito|substitut[oa]|convocad[oa]|relatora?|presidente)(?:\s+|(?<=\.)|:\s*)){1,8}",
    re.IGNORECASE,
)


def clean_name(text: str) -> str:
    """A name without what stands around it: punctuation, `e outros`, who represents, and its owner's CPF."""
    name = text
    # Few names hold what is cut off, and looking for a part of it takes a tenth of the time.
    if "tad" in name or "tid" in name or "TAD" in name or "TID" in name:
        name = _REPRESENTED.sub("", name)
    name = name.strip(_ENDS)
    if "utr" in name or "UTR" in name:
        name = _OTHERS.sub("", name)
    if name and name[-1] in "0123456789*":
        name = _OWNER_NUMBER.sub("", name)
    return name.strip(_ENDS)


# A gazette has few large debtors, and fewer judges.
@lru_cache(maxsize=1024)
def read_parties(text: str, *, several: bool) -> tuple[str, ...]:
    """The parties that a field names, each once.

    Args:
        text: The field's text in one line.
        several: Whether its label is in the plural; then `A. B. e C. D.` is two persons.
    """
    pieces = _pieces(text.rstrip(" ,"))
    if several and pieces:
        pieces[-1:] = _persons(pieces[-1])
    names = (clean_name(piece) for piece in pieces)
    return tuple(dict.fromkeys(name for name in names if name))


def _pieces(text: str) -> list[str]:
    parts = _GLUED.split(text) if any(sign in text for sign in _GLUE) else [text]
    if len(parts) == 1 and "," not in text:
        return parts
    return _merged([piece for part in parts for piece in part.split(",")])


def is_initials(name: str) -> bool:
    """Whether a name is hidden behind initials: `C. R. D. S`, `M. da C.C`."""
    return "." in name and _LETTER_WITH_DOT.search(name) is not None and _INITIALS.fullmatch(name) is not None


@lru_cache(maxsize=1024)
def read_relator(text: str) -> str | None:
    """The judge's name without titles, or None when there is none."""
    text = clean_name(text)
    match = _TITLE.match(text)
    return (text[match.end() :] if match else text).strip(_ENDS) or None


def _merged(pieces: list[str]) -> list[str]:
    """Put pieces that a comma inside a name has cut back together, from right to left."""
    names: list[list[str]] = []
    continues = False
    for index in range(len(pieces) - 1, -1, -1):
        if not continues:
            names.append([])
        names[-1].append(pieces[index])
        before = plain(pieces[index - 1]) if index else ""
        whole = not before or _COMPANY_END.search(before) is not None
        continues = not whole and _goes_on(plain(pieces[index]), listed=continues)
    return [",".join(reversed(name)) for name in reversed(names)]


def _goes_on(piece: str, *, listed: bool) -> bool:
    """Whether a piece after a comma belongs to the name before it: the last of a list, or before one that does."""
    words = piece.split()
    if not words:
        return False
    if _STATE.fullmatch(words[0]) or _STATE.fullmatch(words[-1]):
        return len(words) == 1 or (len(words) == 3 and words[1] == "e")
    return _TRADE.fullmatch(words[0]) is not None and (listed or "e" in words[1:])


def _persons(text: str) -> list[str]:
    """The persons that ` e ` joins, when what stands on either side can be a whole name."""
    pieces = _AND.split(_OTHERS.sub("", text))
    whole = (is_initials(piece.strip()) or len(piece.split()) > 1 for piece in pieces)
    return pieces if len(pieces) > 1 and not text.isupper() and all(whole) else [text]
