"""The fields of an entry: its labels, and the text that belongs to each, over line and page breaks.

Also says where an entry ends, for which the gazette has no sign: the text after a decision is no longer part of it
when the decision is complete. What a field's text means is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from trio_pipeline.diario.judgements.labels import Kind, Label, read_label
from trio_pipeline.diario.judgements.lines import FULL_WIDTH, Line, join_lines

__all__ = ["Field", "split_fields"]

_WIDE = 0.72  # of the width, and more: a line that fills it
_HALF = 0.4  # of the width: a shorter line without a full stop is complete (RETIRADO DE PAUTA)
_MOST_LINES = 200  # of a field, so that a last entry does not swallow what follows the list
_MOST_QUOTED = 40  # lines of a decision between “ and ”, should the latter be missing

_SENTENCE_END = re.compile(r"[.!?][\"”’')\s]{0,3}$")
# A full stop that ends no sentence: NOS AUTOS N. and, on the next line, a number.
_ABBREVIATED = re.compile(r"\b(?:nr?|nos?|arts?|fls?|incs?|proc|des|dra?)\.$", re.IGNORECASE)
_JUDGES = (Kind.DECISAO, Kind.OBSERVACAO)
_RUNNING = (Kind.DECISAO, Kind.OBSERVACAO, Kind.OTHER)
# How minutes go on after their last case, and the headings between lists of cases.
_CLOSING = re.compile(
    r"\s*(?:Encerrad[oa]s? |Às \d|Nada mais havendo|Porto Velho(?:[-/ ]{1,3}RO)?,|Documento assinado"
    r"|A autenticidade do documento|Secretári[oa],|PROCESSOS? |JULGAMENTOS? |PODER JUDICIÁRIO|SECRETARIA |COMARCA "
    r"|ATA D|Ata d|PAUTA )"
)


@dataclass(slots=True)
class Field:
    """One field of an entry.

    Attributes:
        label: Its label.
        lines: Its lines, of which the first begins with the label.
        texts: What the lines say, the label left out.
        quoted: Whether a quotation begins behind the label.
    """

    label: Label
    lines: list[Line]
    texts: list[str]
    quoted: bool

    _text: str | None = None

    @property
    def text(self) -> str:
        """The field's text in one line; to be asked for when all its lines are there."""
        if self._text is None:
            self._text = join_lines(self.texts)
        return self._text


def split_fields(body: Sequence[Line], width: int = FULL_WIDTH) -> list[Field]:
    """The fields of an entry in order; lines before the first label are left out, as are those after its end.

    Args:
        body: The lines of the entry, and of what may follow it.
        width: Of a full line, in characters.
    """
    fields: list[Field] = []
    current: Field | None = None
    judged = False
    for line, following in zip_longest(body, body[1:]):
        found = read_label(line.text, following.text if following else "")
        if found and _begins(found[0], current, judged=judged):
            label, position = found
            judged = judged or label.kind in _JUDGES
            text = line.text[position:].strip()
            current = Field(label, [line], [text], quoted=text.startswith("“"))
            fields.append(current)
        elif current:
            if _CLOSING.match(line.text) or not _goes_on(current, width, judged=judged):
                break
            current.lines.append(line)
            current.texts.append(line.text)
    return fields


def _begins(label: Label, current: Field | None, *, judged: bool) -> bool:
    """Whether a label is one, rather than words of a running text."""
    if label.kind is Kind.UNKNOWN:
        return current is not None and not judged and current.label.kind not in _RUNNING
    if label.bare:
        return current is None or current.label.kind not in _JUDGES
    return True


def _goes_on(current: Field, width: int, *, judged: bool) -> bool:
    """Whether the next line can belong to this field too.

    Before the decision every line belongs to some field. From the decision on, a line that ends a sentence is the last
    one unless it fills the page and its paragraph goes on; one that does not is, when it is short.
    """
    if not judged:
        return len(current.lines) < _MOST_LINES
    if not current.texts[0] and len(current.lines) == 1:
        return True
    last = current.lines[-1]
    if _quotation_is_open(current):
        return len(current.lines) < _MOST_QUOTED
    if _SENTENCE_END.search(last.text[-6:]) and not _ABBREVIATED.search(last.text[-6:]):
        return last.folded and len(last.text) >= _WIDE * width and not last.text.endswith("”")
    return len(last.text) >= _HALF * width


def _quotation_is_open(current: Field) -> bool:
    return current.quoted and not current.texts[-1].rstrip(" .").endswith("”")
