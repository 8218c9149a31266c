"""PDFs for the rows of somebody's catalog: each exactly as long as asked for, and each with checksums of its own.

A few PDFs are made at the start, padded by comments to the length; a row's own body differs from its model's by one
comment. So any number of rows costs no memory, and a body as little time as it takes to copy. This file does not know
how a gazette is made.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from trio_pipeline.diario.identifiers import gazette_id
from trio_pipeline.diario.model import Gazette, Judgement
from trio_pipeline.services.gazettes import make_gazette
from trio_pipeline.services.publications import Publication

__all__ = ["TooSmall", "publish_rows"]

_MODELS = 4
_SIZES = (None, 20, 10, 5, 0)  # of judgements: the largest gazette that fits is the model
_END = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_PADDING = b"%" + b"." * 78 + b"\n"


class TooSmall(ValueError):
    """No gazette can be made that is this short. The message says how long one must be."""


@dataclass(frozen=True, slots=True)
class _Model:
    """A PDF in two parts, between which a comment of a fixed length belongs."""

    head: bytes
    tail: bytes
    truth: tuple[Judgement, ...]

    def body(self, name: str) -> bytes:
        """The body for a file name."""
        return b"".join((self.head, _comment(name), self.tail))


def publish_rows(gazettes: Iterable[Gazette], size: int, *, seed: int = 0) -> tuple[Publication, ...]:
    """Bodies of exactly `size` bytes for these gazettes. What stands in them is not about these gazettes.

    Raises:
        TooSmall: `size` is less than a gazette of one page takes.
        ExtraMissing: The extra `demo` is not installed.
    """
    models = [_model(size, seed + number) for number in range(_MODELS)]
    published = []
    for position, gazette in enumerate(gazettes):
        model = models[position % _MODELS]
        published.append(Publication(gazette, size, partial(model.body, gazette.file_name), model.truth))
    return tuple(published)


def _model(size: int, seed: int) -> _Model:
    shortest = 0
    for judgements in _SIZES:
        made = make_gazette(_some_gazette(), seed=seed, judgements=judgements)
        parts = _padded(made.content(), size)
        if parts is not None:
            return _Model(*parts, made.truth)
        shortest = made.length
    raise TooSmall(f"a PDF of {size} bytes is too small: the shortest takes {shortest + 200}")


def _some_gazette() -> Gazette:
    day = datetime.date(2025, 6, 23)
    return Gazette(gazette_id("tjro", day, 112, ""), "tjro", day, 112, "", "", "")


def _padded(pdf: bytes, size: int) -> tuple[bytes, bytes] | None:
    """A PDF's objects, padded, and its end, so that with a comment between them they have `size` bytes.

    The comments lie between the last object and the cross-reference table, which alone has to be found again: no offset
    of an object changes. None if the PDF is too long.
    """
    end = _END.search(pdf)
    assert end is not None, "reportlab ends a PDF by startxref"
    table = int(end[1])
    comment = len(_comment(""))
    # The position of the table is written with leading zeros, so that it has the same length wherever it comes to lie.
    rest = len(pdf[table : end.start()]) + len(_ending(0))
    padding = size - table - comment - rest
    if padding < 0:
        return None
    lines, remainder = divmod(padding, len(_PADDING))
    filling = _PADDING * lines + (b"%" * (remainder - 1) + b"\n" if remainder else b"")
    return pdf[:table] + filling, pdf[table : end.start()] + _ending(table + padding + comment)


def _ending(table: int) -> bytes:
    return b"startxref\n%010d\n%%%%EOF\n" % table


def _comment(name: str) -> bytes:
    return b"% " + hashlib.sha256(name.encode()).hexdigest().encode() + b"\n"
