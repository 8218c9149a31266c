"""What the application talks about: gazettes, copies of them, and judgements.

Pure: this file does not know where any of it comes from or where it is kept.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

__all__ = ["RESULTADOS", "Advogado", "Checksums", "Gazette", "Judgement", "Reading", "Unread"]


@dataclass(frozen=True, slots=True)
class Gazette:
    """One edition of a court's gazette, as a catalog names it.

    Attributes:
        id: The same whatever else a catalog holds, such as `tjro-diario-2025-06-23-nr112`.
        tribunal: The court, in lower case: `tjro`.
        date: The day of publication.
        number: The edition, which starts again at 1 every year.
        suffix: What tells a supplement or an annex from its edition, as the court prints it; else empty.
        url: Where the court publishes it.
        file_name: The last part of the URL's path, a plain file name.
    """

    id: str
    tribunal: str
    date: datetime.date
    number: int
    suffix: str
    url: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Checksums:
    """What a file's bytes are known by.

    Attributes:
        size: Length in bytes.
        sha256: In lower-case hex; what this program trusts.
        md5: In lower-case hex; what the Internet Archive publishes.
    """

    size: int
    sha256: str
    md5: str


@dataclass(frozen=True, slots=True)
class Advogado:
    """Counsel of a party.

    Attributes:
        nome: As printed, without broken lines and punctuation at the end.
        oab: Registration: state, digits, letters (`RO7821A`); None for a body such as the Defensoria Pública.
    """

    nome: str
    oab: str | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judged case of a gazette.

    Attributes:
        page: Where the entry starts, from 1.
        ordinal: Its number in the list, as printed (`07`), or None.
        numero_processo: `NNNNNNN-DD.AAAA.J.TR.OOOO`; of a case from before 2010, the number that it had then
            (`001.2006.001234-5`).
        numero_valido: Whether it is of the first form, and its check digits are right.
        classe: The kind of case as printed, or None.
        polo_ativo: Names of the side that asks.
        polo_passivo: Names of the other side.
        advogados_polo_ativo: Counsel of the side that asks.
        advogados_polo_passivo: Counsel of the other side.
        relator: The reporting judge without title, or None.
        decisao: The text of the decision, or None.
        resultado: One word for the result of the main request (see `RESULTADOS`), or None.
        segredo: Whether the case is secret: parties given as initials, or said to be.
        span: First and last-plus-one position of the entry in the gazette's text, which is its pages joined by form
            feeds.
    """

    page: int
    ordinal: str | None
    numero_processo: str
    numero_valido: bool
    classe: str | None
    polo_ativo: tuple[str, ...]
    polo_passivo: tuple[str, ...]
    advogados_polo_ativo: tuple[Advogado, ...]
    advogados_polo_passivo: tuple[Advogado, ...]
    relator: str | None
    decisao: str | None
    resultado: str | None
    segredo: bool
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Unread:
    """What looks like a judgement and could not be read.

    Attributes:
        page: Where it starts, from 1.
        span: As in `Judgement`.
        text: What stands there.
        reason: Why it could not be read.
    """

    page: int
    span: tuple[int, int]
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read out of one gazette, in the order of the document."""

    judgements: tuple[Judgement, ...]
    unread: tuple[Unread, ...]


RESULTADOS = (
    "provido",
    "parcialmente_provido",
    "nao_provido",
    "acolhido",
    "parcialmente_acolhido",
    "rejeitado",
    "procedente",
    "parcialmente_procedente",
    "improcedente",
    "concedido",
    "denegado",
    "nao_conhecido",
    "extinto",
    "homologado",
    "prejudicado",
    "retirado_de_pauta",
    "adiado",
    "outro",
)
"""Every value that `Judgement.resultado` can have besides None."""
