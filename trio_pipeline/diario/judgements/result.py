"""The result of a decision in one word (`resultado`), out of its text.

The result is that of the main request: what is said of preliminary points counts only when nothing else is said, and
two appeals that end differently have no common one ("outro"). This file knows the words of such texts, not of entries.
"""

from __future__ import annotations

import re
from functools import lru_cache

from trio_pipeline.diario.judgements.labels import plain

__all__ = ["read_result"]

_POSTPONED = {
    "retirado_de_pauta": re.compile(r"retirad[oa]s?(?: o processo| o feito)? d[ea] pauta"),
    "adiado": re.compile(
        r"\bpedi(?:u|ram) vista|demais aguardam|\badiad[oa]s?\b|(?:suspenso|sobrestado) o julgamento"
        r"|julgamento (?:suspenso|sobrestado)|vista em mesa"
    ),
}
_HELD_BACK = r"(?:nega|negar|negou|negou-se|negado|negando|negaram)"
_GIVEN = r"(?:da|dar|deu|deu-se|dado|dando|deram)"
_ORDER = r"(?:seguranca|ordem|habeas corpus|mandamus)"
# At one place of the text the first that fits counts, so that a qualified word stands before the word alone.
_RESULTS = {
    "nao_conhecido": (r"nao (?:se |foi |foram )?conhec(?:id|er|eu|ram|imento)", r"inadmitid", r"nao admitid"),
    "parcialmente_provido": (
        r"(?:parcialmente|em parte) provid",
        r"provid[oa]s? (?:parcialmente|em parte)",
        r"parcial provimento",
        r"provimento (?:parcial|em parte)",
    ),
    "nao_provido": (
        r"nao[ -](?:foi |foram )?provid",
        r"(?:im|des)prov(?:id|imento)",
        rf"{_HELD_BACK} (?:o )?provimento",
        r"provimento negado",
    ),
    "provido": (r"\bprovid[oa]s?\b", rf"\b{_GIVEN} provimento(?! parcial| em parte)"),
    "parcialmente_acolhido": (
        r"(?:parcialmente|em parte) acolhid",
        r"acolhid[oa]s? (?:parcialmente|em parte)",
        r"acolhimento parcial",
    ),
    "rejeitado": (r"\brejeit(?:ad|ar|ou|aram)", r"nao (?:foi |foram )?acolhid", r"desacolhid"),
    "acolhido": (r"\bacolh(?:id|er|eu|eram)",),
    "parcialmente_procedente": (
        r"(?:parcialmente|em parte) procedente",
        r"procedentes? (?:parcialmente|em parte)",
        r"parcial procedencia",
        r"procedencia parcial",
    ),
    "improcedente": (r"\bimproceden(?:te|cia)", r"nao procedente"),
    "procedente": (r"\bproceden(?:te|cia)",),
    "denegado": (
        r"\bdeneg(?:ad|ar|ou|aram|ando)",
        rf"{_ORDER} (?:foi )?indeferid",
        r"indeferid[oa] (?:a seguranca|a ordem|o mandado de seguranca|o habeas corpus)",
    ),
    "concedido": (
        rf"{_ORDER}(?: parcialmente)? concedid",
        rf"\bconced(?:id[oa]|er|eu-se|eram) (?:parcialmente )?[ao] {_ORDER}",
    ),
    "extinto": (r"\bextint", r"\bextin(?:cao|guir|guiu)"),
    "homologado": (r"\bhomolog(?:ad|ar|ou|acao)",),
    "prejudicado": (r"\bprejudicad", r"perda (?:superveniente )?d[eo] (?:objeto|interesse)"),
}
_ANY_RESULT = re.compile("|".join(f"(?P<{name}>{'|'.join(patterns)})" for name, patterns in _RESULTS.items()))
# What comes beside the decision on the request, when both are said.
_SECONDARY = frozenset({"prejudicado", "homologado", "extinto"})
_UNHEARD = re.compile(
    r"intempestiv|desercao|deserto|dialeticidade|inadmissib|nao conheciment|ausencia de preparo|incabiv"
)

_ON_MERITS = re.compile(r"\b(?:no|quanto ao|e no) merito\b")
_SENTENCE = re.compile(r"(?<=[a-z)\"])[.;](?:\s+|$)")
_PRELIMINARY = re.compile(r"\bpreliminar|\bprejudicia(?:l|is) de|\bquestao de ordem|\bquestao preliminar|\bde oficio\b")
_OF_PRELIMINARIES = frozenset({"acolhido", "rejeitado", "parcialmente_acolhido"})
# What follows says how single judges voted, or what the decision is for: PROVIDO PARA JULGAR IMPROCEDENTE O PEDIDO.
_BESIDE = re.compile(r"\b(?:vencid[oa]s?|nos termos do voto|contra o voto|para)\b.*")


# Most decisions of a gazette say the same in the same words.
@lru_cache(maxsize=1024)
def read_result(decision: str) -> str | None:
    """The result of a decision.

    Args:
        decision: Its text in one line.

    Returns:
        One of `trio_pipeline.diario.model.RESULTADOS`, or None for an empty text.
    """
    text = plain(decision)
    if not text:
        return None
    postponed = next((name for name, pattern in _POSTPONED.items() if pattern.search(text)), None)
    return postponed or _result(*_parts(text))


def _result(preliminary: list[str], main: list[str]) -> str:
    results = _results(main)
    if results:
        return _common(results)
    if any("acolhid" in sentence and _UNHEARD.search(sentence) for sentence in preliminary):
        # The appeal falls with a preliminary point: too late, not paid for, or without reasons.
        return "nao_conhecido"
    return _common([result for result in _results(preliminary) if result not in _OF_PRELIMINARIES])


def _parts(text: str) -> tuple[list[str], list[str]]:
    """The sentences on preliminary points, and those on the request."""
    *before, last = _ON_MERITS.split(text)
    sentences = _SENTENCE.split(last)
    if before:
        return _SENTENCE.split(" ".join(before)), sentences
    preliminary = [sentence for sentence in sentences if _PRELIMINARY.search(sentence)]
    return preliminary, [sentence for sentence in sentences if not _PRELIMINARY.search(sentence)]


def _results(sentences: list[str]) -> list[str]:
    """Every result said in these sentences; what is said beside it counts only when nothing else does."""
    found = [name for sentence in sentences for name in _names(_BESIDE.sub("", sentence))]
    return found or [name for sentence in sentences for name in _names(sentence)]


def _names(text: str) -> list[str]:
    return [str(match.lastgroup) for match in _ANY_RESULT.finditer(text)]


def _common(results: list[str]) -> str:
    """One result for all: what comes beside the main one does not count, and appeals that end differently have none."""
    principal = {result for result in results if result not in _SECONDARY} or set(results[:1])
    return principal.pop() if len(principal) == 1 else "outro"
