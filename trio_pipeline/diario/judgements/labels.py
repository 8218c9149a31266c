"""What the labels of an entry mean: `Recorrido(a):`, `ADVOGADOS :`, `Relator Originário:`, `ADVOGADO SEM ADVOGADO(S)`.

A label is read by its words alone; whether it may stand where it stands is decided elsewhere.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Kind", "Label", "Side", "plain", "read_label"]


class Side(enum.Enum):
    """The two sides of a case: the one that asks, and the other."""

    ATIVO = "ativo"
    PASSIVO = "passivo"


class Kind(enum.Enum):
    """What a field of an entry holds."""

    CLASSE = "classe"
    PARTE = "parte"
    INTERESSADO = "interessado"
    ADVOGADO = "advogado"
    RELATOR = "relator"
    ORIGEM = "origem"
    DECISAO = "decisao"
    OBSERVACAO = "observacao"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Label:
    """A label at the beginning of a line.

    Attributes:
        kind: What it announces.
        name: Its words in lower case without accents, `(a)` and `(s)`.
        sides: Of a party, the side of each of its roles: `Embargante/Requerido` has two.
        bare: Whether it stands there without a colon.
    """

    kind: Kind
    name: str
    sides: tuple[Side, ...] = ()
    bare: bool = False


_ATIVO = (
    r"(?:recorrente|apelante|agravante|embargante|autora?|autores|impetrante|requerente|suscitante|exequente"
    r"|reclamante|excipiente|querelante|paciente|demandante|promovente|interpelante|arguente|denunciante"
    r"|parte autora|parte ativa|polo ativo)s?"
)
_PASSIVO = (
    r"(?:(?:recorrid|apelad|agravad|embargad|impetrad|requerid|suscitad|executad|reclamad|querelad|demandad"
    r"|promovid|interpelad|arguid|denunciad|acusad|except)[oa]s?|reus?|res?|litisconsortes? passiv[oa]s?"
    r"|autoridades? coatoras?|parte re|parte passiva|polo passivo)"
)
_COUNSELLOR = r"advogad[oa]s?|adv\.?|procurador(?:a|es|as)?|defensor(?:a|es|as)?|patron[oa]s?|procuradoria|defensoria"
_ROLE = re.compile(
    rf"(?:\d{{1,2}}[oa]?\.? )?(?:(?P<ativo>{_ATIVO})|(?P<passivo>{_PASSIVO}))"
    r"(?: (?:adesiv|principa)\w{1,4})?(?: ?\(?\d{1,2}[oa]?\)?)?"
)
# The first that fits counts. A procurador de justiça speaks for nobody, and a relator para o acórdão is another judge
# than the one who reported the case.
_KINDS = tuple(
    (kind, re.compile("|".join(patterns)))
    for kind, patterns in (
        (Kind.CLASSE, (r"classe(?: processual| judicial)?",)),
        (Kind.RELATOR, (r"relatora?(?: originari[oa])?",)),
        (Kind.OTHER, (r"(?:relator|redator)a? .*", r"(?:sub)?procurador[ae]?s?(?:[- ]geral)?(?: d[ea])? justica.*")),
        (Kind.ADVOGADO, (rf"(?:{_COUNSELLOR})(?: public[oa]s?)?(?: d[aeo]s? .*)?",)),
        (Kind.DECISAO, (r"decisao(?: parcial| final| unanime)?", r"resultado(?: do julgamento)?", r"dispositivo")),
        (Kind.OBSERVACAO, (r"observac(?:ao|oes)", r"obs\.?")),
        (Kind.ORIGEM, (r"(?:processo de |vara de )?origem",)),
        (Kind.INTERESSADO, (r"(?:terceir[oa]s? )?interessad[oa]s? ?\(?(?:polo |parte )?(?:ativ|passiv)[oa]\)?",)),
        (Kind.OTHER, (r"(?:terceir[oa]s? )?interessad.*", r"amicus curiae", r"custos legis", r"revisora?")),
        (Kind.OTHER, (r"objeto.*", r"(?:data d[ae] )?(?:re)?distribui.*", r"imped.*", r"suspei.*")),
        (Kind.OTHER, (r"assunto", r"valor da causa", r"vara", r"comarca", r"ementa")),
    )
)
_SUFFIX = re.compile(r" ?\((?:a|as|o|os|s|es)\)")
_SLASH = re.compile(r" ?/ ?")
_SPACES = re.compile(r"\s+")
_LABEL = re.compile(r"\s*([^\W\d][^:]{1,60}|\d[ºªoa°]? [^\W\d][^:]{1,50})")
_LONGEST_LABEL = 80  # characters, white space before it included
_WITHOUT_COLON = re.compile(
    r"\s*(CLASSE|ADVOGAD[AO]S?|RELATORA?|DECISÃO|(?:RECORRE|APELA|AGRAVA|EMBARGA|IMPETRA|REQUERE)NTES?"
    r"|(?:RECORRI|APELA|AGRAVA|EMBARGA|IMPETRA|REQUERI)D[AO]S?)(?:\([AS]{1,2}\))? (?-i:(?=[^\W\d_a-z]))",
    re.IGNORECASE,
)
_COUNSEL = re.compile(r"SEM ADVOGAD|.{0,120}\bOAB\b|PROCURADORIA|DEFENSORIA", re.IGNORECASE)
_COUNSEL_OVER_LINES = re.compile(r"SEM ADVOGAD|[^:]{0,120}\bOAB\b", re.IGNORECASE)
_DISTRIBUTED = re.compile(r"\s*(?:Red|D)istribuíd[oa]s? (?:por|em|ao?|à)\b", re.IGNORECASE)
# A label that is in no list: one to four words, the first with a capital letter.
_UNLISTED = re.compile(r"[^\W\d_a-zà-ÿ][^\s\d,;.]*(?:\s[^\s\d,;.]+){0,3}")


def _without_accents() -> Iterator[tuple[int, str]]:
    """The letters of Western Europe, as they are decomposed; a table is faster than doing that every time."""
    for code in range(0x80, 0x180):
        decomposed = unicodedata.normalize("NFKD", chr(code))
        yield code, "".join(one for one in decomposed if not unicodedata.combining(one)).lower()


_WITHOUT_ACCENTS = dict(_without_accents())


def plain(text: str) -> str:
    """Lower case, without accents, runs of white space one space: how words are compared."""
    bare = text.lower()
    if not bare.isascii():
        bare = bare.translate(_WITHOUT_ACCENTS)
        if not bare.isascii():
            decomposed = unicodedata.normalize("NFKD", bare)
            bare = "".join(character for character in decomposed if not unicodedata.combining(character)).lower()
    return " ".join(bare.split())


def read_label(line: str, following: str = "") -> tuple[Label, int] | None:
    """The label that a line begins with.

    Args:
        line: The line.
        following: The next one, for `ADVOGADO` without a colon is known by the number that a lawyer has, or that there
            is none.

    Returns:
        The label and the position behind it, or None. A label that is in no list has the kind UNKNOWN, and one without
        a colon is `bare`: the words of a running text can look like these.
    """
    colon = line.find(":", 0, _LONGEST_LABEL)
    if colon > 0:
        is_label, label = _before_colon(line[:colon])
        if is_label:
            return (label, colon + 1) if label else None
    if "istribuíd" in line[:_LONGEST_LABEL] and _DISTRIBUTED.match(line):
        return Label(Kind.OTHER, "distribuicao"), 0
    match = _WITHOUT_COLON.match(line)
    if match is None:
        return None
    found = _classified(_name(match.group(1)))
    if found is None or (found.kind is Kind.ADVOGADO and not _is_counsel(line, match.end(), following)):
        return None
    return Label(found.kind, found.name, found.sides, bare=True), match.end()


def _is_counsel(line: str, position: int, following: str) -> bool:
    """Whether what stands behind a position is counsel, rather than the rest of a firm's name."""
    if _COUNSEL.match(line, position):
        return True
    over_lines = _COUNSEL_OVER_LINES.match(f"{line[position:]} {following}")
    return over_lines is not None and read_label(following) is None


# A gazette has some thousand labels, and some fifty different ones.
@lru_cache(maxsize=1024)
def _before_colon(text: str) -> tuple[bool, Label | None]:
    """Whether what stands before a colon has the form of a label, and which one it is."""
    match = _LABEL.fullmatch(text)
    if match is None:
        return False, None
    return True, _classified(_name(match.group(1))) or _unlisted(match.group(1))


def _name(text: str) -> str:
    return _SLASH.sub("/", _SUFFIX.sub("", plain(text))).strip()


def _classified(name: str) -> Label | None:
    for kind, pattern in _KINDS:
        if pattern.fullmatch(name):
            return Label(kind, name, _interested_side(name) if kind is Kind.INTERESSADO else ())
    roles = [_ROLE.fullmatch(role) for role in re.split(r"/| e ", name)]
    sides = tuple(Side.ATIVO if role["ativo"] else Side.PASSIVO for role in roles if role)
    if len(sides) == len(roles):
        return Label(Kind.PARTE, name, sides)
    return None


def _unlisted(text: str) -> Label | None:
    return Label(Kind.UNKNOWN, _name(text)) if _UNLISTED.fullmatch(text.strip()) else None


def _interested_side(name: str) -> tuple[Side, ...]:
    return (Side.PASSIVO,) if "passiv" in name else (Side.ATIVO,)
