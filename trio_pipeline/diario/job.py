"""What a run is to do: the job as it was asked for, and what follows from it before anything is opened.

This file does not do anything of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from trio_pipeline.diario.credentials import Secrets
from trio_pipeline.diario.hosts import archive_name
from trio_pipeline.diario.items import Branches, Item
from trio_pipeline.diario.judgements import READER_VERSION
from trio_pipeline.diario.language_model.opening import model_version
from trio_pipeline.diario.ledger.events import Standing
from trio_pipeline.diario.model import Gazette
from trio_pipeline.diario.preflight import questions_to_announce, uploads_to_announce
from trio_pipeline.diario.readers import Reader
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.suppression import NOTHING_HIDDEN, Suppression

__all__ = ["Job", "announcement", "branches_of", "with_new"]


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is to do.

    Attributes:
        gazettes: What the catalog names; what else the ledger knows is taken up as well. None to read the court's
            listing instead, while the run lasts.
        selection: Which of them.
        settings: How.
        secrets: With which keys.
        suppression: The names and numbers that are in no answer of the run.
    """

    gazettes: Sequence[Gazette] | None
    selection: Selection
    settings: Settings
    secrets: Secrets
    suppression: Suppression = NOTHING_HIDDEN


def branches_of(settings: Settings) -> Branches:
    """The branches that are on."""
    return Branches(archive_name(settings), _reader(settings))


def _reader(settings: Settings) -> Reader | None:
    match settings.extract.kind:
        case "none":
            return None
        case "rules":
            return Reader(READER_VERSION)
        case "rules+model":
            return Reader(READER_VERSION, model_version(settings.model))
        case "model":
            return Reader(None, model_version(settings.model))


def with_new(standings: Sequence[Standing], gazettes: Sequence[Gazette], texts: Collection[str]) -> list[Standing]:
    """Where everything stands once the catalog's gazettes are known: as it names them, if it names them otherwise."""
    named = {gazette.id: gazette for gazette in gazettes}
    known = [
        replace(
            standing,
            gazette=named.pop(standing.gazette.id, standing.gazette),
            has_text=standing.gazette.id in texts,
        )
        for standing in standings
    ]
    return [*known, *(Standing(gazette, has_text=gazette.id in texts) for gazette in named.values())]


def announcement(job: Job, items: Sequence[Item], *, dry_run: bool) -> str | None:
    """What has to be accepted before this job is done, or None; in words for a run or for a dry run."""
    lists, limit = job.gazettes is None, job.selection.limit
    told = (
        uploads_to_announce(items, job.settings, lists=lists),
        questions_to_announce(items, job.settings, lists=lists, limit=limit, dry_run=dry_run),
    )
    return "\n\n".join(filter(None, told)) or None
