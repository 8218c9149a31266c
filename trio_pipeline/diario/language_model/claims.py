"""Whether what a model says of an entry stands in it: its ordinal, names, numbers of counsel, and decision.

A part of a text can say what the whole does not: "PROVIDO" stands in "NÃO PROVIDO". So a decision is also read with
what stands around it.

Pure: this file does not know who says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from trio_pipeline.diario.judgements.counsel import read_numbers
from trio_pipeline.diario.judgements.labels import Kind, plain, read_label
from trio_pipeline.diario.judgements.lines import join_lines, width_of
from trio_pipeline.diario.judgements.names import is_initials
from trio_pipeline.diario.judgements.result import read_result
from trio_pipeline.diario.language_model.places import Place
from trio_pipeline.diario.language_model.said import SaidJudgement
from trio_pipeline.diario.language_model.squeezed import Squeezed, squeezed_text
from trio_pipeline.diario.oab import read_oab

__all__ = ["Claims", "cleaned", "registration"]

_ORDINAL = re.compile(r"\W*(\d{1,4})\W*", re.ASCII)
# At the head of a line, and no part of a date or of a longer number.
_PRINTED_ORDINAL = re.compile(r"\s*(\d{1,4})(?!\d|[./-]\d)", re.ASCII)
_LINES_OF_HEADING = 3
_WORD = re.compile(r"[^\W\d_]{2,}")
_PARTICLES = frozenset({"as", "os", "ao", "aos", "de", "da", "do", "das", "dos", "em", "na", "no", "nas", "nos", "por"})
_FEWEST_WORDS = 2  # of a decision in whose words no result is known
_MOST_TRIED = 5  # what stands in an entry more often is no decision
_MOST_AROUND = 500  # characters of a sentence, on either side
_MOST_BETWEEN = 40  # characters to the end of the words next to a decision
_FILLED = 0.4  # of the width: a shorter line without a full stop is complete
_QUALIFIED_BEFORE = re.compile(r"\b(?:nao|nem|nunca|jamais|sem|tampouco|parcial|parcialmente|em parte)\W*$")
_QUALIFIED_BEHIND = re.compile(r"[\s,(]*(?:parcial|parcialmente|em parte)\b")
_BEGINS = re.compile(r"[.;!?]\s|[:“”\"]|\bacorda(?:m|ram)?\b|\bacórda(?:m|ram)?\b|\bdecid\w+", re.IGNORECASE)
_ENDS = re.compile(r"[.;!?](?!\w)|[“”\"]")


class Claims:
    """What may be said of the entries of a text.

    Args:
        text: The text.
    """

    def __init__(self, text: Squeezed) -> None:
        self._text = text
        self._filled = _FILLED * width_of(text.lines)
        self._names: dict[tuple[str, Place], bool] = {}
        self._numbers: dict[Place, frozenset[str]] = {}

    def missing(self, said: SaidJudgement, place: Place) -> str | None:
        """The first field of which something does not stand in an entry, or None."""
        if said.ordinal and squeezed_text(said.ordinal) and self.ordinal(said.ordinal, place) is None:
            return "ordinal"
        if self.decision_end(said.decisao or "", place) is None:
            return "decisao"
        named = next((field for field, name in _named(said) if not self._is_name(name, place)), None)
        return named or next((field for field, oab in _registered(said) if not self._is_number(oab, place)), None)

    def ordinal(self, said: str, place: Place) -> str | None:
        """An ordinal as it is printed at the head of the entry, before its number; or None."""
        wanted = _ORDINAL.fullmatch(said)
        last = self._text.line_of[place.number]
        for line in range(last, max(-1, last - _LINES_OF_HEADING), -1):
            found = _PRINTED_ORDINAL.match(self._text.lines[line].text)
            begins = self._text.first_of(self._text.lines[line].start)
            if found and wanted and place.begin <= begins < place.number and int(found[1]) == int(wanted[1]):
                return found[1]
        return None

    def decision_end(self, said: str, place: Place) -> int | None:
        """The character behind a decision; None if it does not stand there, or says there what the whole does not."""
        said = cleaned(said)
        found = [*islice(self._text.find(said, place.begin, place.end), _MOST_TRIED)]
        if not found or (read_result(said) in (None, "outro") and len(_WORD.findall(said)) < _FEWEST_WORDS):
            return None
        return next((end for begin, end in found if self._is_whole(said, begin, end)), None)

    def _is_whole(self, said: str, begin: int, end: int) -> bool:
        """Whether what stands around a decision leaves its result alone.

        A model may leave out how a sentence begins ("ACORDAM os Desembargadores em, por unanimidade,"), but not a word
        that turns the rest round, wherever it stands: so the sentence must not have another result than its part. Words
        next to it are looked at besides, for not every result has words of its own ("NÃO HOMOLOGADO").
        """
        before, behind = self._before(begin), self._behind(end)
        next_words = self._text.text[self._text.positions[end - 1] + 1 :][:_MOST_BETWEEN]
        if _QUALIFIED_BEFORE.search(plain(before)) or _QUALIFIED_BEHIND.match(plain(next_words)):
            return False
        result = read_result(said)
        return read_result(f"{before} {said}") == result == read_result(f"{said} {behind}")

    def _before(self, begin: int) -> str:
        """How the sentence begins whose rest stands at a character."""
        position = self._text.positions[begin]
        text = self._text.text[max(0, position - _MOST_AROUND) : position]
        first = max((found.end() for found in _BEGINS.finditer(text)), default=0)
        return join_lines([text[first:]])

    def _behind(self, end: int) -> str:
        """How the sentence goes on that a decision ends in: to a full stop, or the end of a line that is not full."""
        position = self._text.positions[end - 1] + 1
        text = self._text.text[position : position + _MOST_AROUND]
        last = _ENDS.search(text)
        text = text[: last.start()] if last else text
        line = self._text.line_of[end - 1]
        kept, *following = text.split("\n")
        for whole in following:
            if len(self._text.lines[line].text) < self._filled or read_label(whole) is not None:
                break
            kept += f" {whole}"
            line += 1
        return join_lines([kept])

    def _is_name(self, name: str, place: Place) -> bool:
        # What has no letter says nothing, and is left out of the judgement as well.
        if not squeezed_text(name):
            return True
        key = (squeezed_text(name), place)
        if key not in self._names:
            found = self._text.find(name, place.begin, place.end)
            self._names[key] = _may_name(name) and any(self._is_in_one_field(begin, end) for begin, end in found)
        return self._names[key]

    def _is_in_one_field(self, begin: int, end: int) -> bool:
        """Whether no label stands within words."""
        if ":" in self._text.text[self._text.positions[begin] : self._text.positions[end - 1]]:
            return False
        lines = self._text.lines[self._text.line_of[begin] + 1 : self._text.line_of[end - 1] + 1]
        labels = (read_label(line.text) for line in lines)
        return all(label is None or label[0].kind is Kind.UNKNOWN for label in labels)

    def _is_number(self, oab: str, place: Place) -> bool:
        """Whether a number is one of counsel's, state and letters included, and not digits from anywhere."""
        if place not in self._numbers:
            numbers = read_numbers(join_lines([self._text.printed(place.begin, place.end)]))
            self._numbers[place] = frozenset(map(registration, numbers))
        return registration(oab) in self._numbers[place]


def cleaned(text: str) -> str:
    """A text in one line, without the characters that nobody sees; they do not count where texts are compared."""
    return "".join(one for one in join_lines([text]) if not unicodedata.category(one).startswith("C"))


def registration(oab: str) -> str:
    """A number of counsel's as it is stored, whatever its writing: state, digits, letters; also a misprinted one."""
    read = read_oab(oab)
    plain_oab = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", oab))).upper()
    return plain_oab if read is None else f"{read.state or ''}{read.rest}"


def _may_name(text: str) -> bool:
    """Whether words can name somebody: initials, or one word that is more than `da`."""
    words = _WORD.findall(plain(cleaned(text)))
    return is_initials(text.strip()) or any(word not in _PARTICLES for word in words)


def _named(said: SaidJudgement) -> Iterator[tuple[str, str]]:
    yield "classe", said.classe or ""
    yield "relator", said.relator or ""
    yield from (("polo_ativo", name) for name in said.polo_ativo)
    yield from (("polo_passivo", name) for name in said.polo_passivo)
    yield from (("advogados_polo_ativo", one.nome) for one in said.advogados_polo_ativo)
    yield from (("advogados_polo_passivo", one.nome) for one in said.advogados_polo_passivo)


def _registered(said: SaidJudgement) -> Iterator[tuple[str, str]]:
    yield from (("advogados_polo_ativo", one.oab) for one in said.advogados_polo_ativo if one.oab is not None)
    yield from (("advogados_polo_passivo", one.oab) for one in said.advogados_polo_passivo if one.oab is not None)
