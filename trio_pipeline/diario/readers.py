"""Who reads judgements, and whether what an earlier reader has left needs to be read again.

Rules cost nothing, so what older rules have read is read again by newer ones. A model costs money: what a model has
read is read again only by a run with a model that newer rules come with, or when somebody asks for it.

Pure: this file does not know how anything is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from trio_pipeline.diario.packed_readings import PackedReading

__all__ = ["MODEL", "RULES", "PastReading", "Reader", "ReadingPart"]

RULES = "rules"
"""The rules, as `decisions.extractor` has it."""

MODEL = "model"
"""A language model, as `decisions.extractor` has it."""


@dataclass(frozen=True, slots=True)
class ReadingPart:
    """What one of the readers of a gazette has read in it.

    Attributes:
        extractor: `RULES` or `MODEL`.
        version: Of the rules, or of the model and its prompt.
        reading: What it read.
    """

    extractor: str
    version: str
    reading: PackedReading


@dataclass(frozen=True, slots=True)
class PastReading:
    """What the ledger says about the newest reading of a gazette.

    Attributes:
        extractor: Who read it: `rules`, `rules+model` or `model`; empty where an older program did not say so.
        version: The versions of these, joined in the same way.
        unread: How many entries could not be read.
    """

    extractor: str
    version: str
    unread: int

    def version_of(self, extractor: str) -> str | None:
        """The version of one of those who read it, or None if that one did not."""
        versions = dict(zip(self.extractor.split("+"), self.version.split("+", maxsplit=1), strict=False))
        return versions.get(extractor)

    def is_by_other_rules(self, rules: str) -> bool:
        """Whether rules have read it that are not these, or nobody knows who has; a model alone has no rules."""
        if self.version_of(RULES) is None:
            return self.version_of(MODEL) is None
        return self.version_of(RULES) != rules


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads in a run.

    Attributes:
        rules: The version of the rules, or None if they are not asked.
        model: The model with the version of its prompt, or None if it is not asked.
    """

    rules: str | None
    model: str | None = None

    def has_done(self, past: PastReading) -> bool:
        """Whether nothing would come of reading a gazette again, or less than stands in the table.

        A model costs money, and the newest reading alone is shown: rules without a model would take away what one has
        read. So even newer rules leave it alone, until a run with a model reads again what they leave.
        """
        was_read_by_model = past.version_of(MODEL) is not None
        if was_read_by_model and (self.model is None or past.version_of(RULES) is None):
            return True
        if self.rules is None or past.version_of(RULES) != self.rules:
            return False
        return self.model is None or past.unread == 0 or was_read_by_model
