"""What a run would do, found out without doing anything: the ledger and the texts are only read, if there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trio_pipeline.diario.items import Item
from trio_pipeline.diario.job import Job, announcement, branches_of, with_new
from trio_pipeline.diario.language_model.estimate import UNSEEN, Estimate
from trio_pipeline.diario.language_model.preparing import measure
from trio_pipeline.diario.ledger.ledger import read_standings
from trio_pipeline.diario.lifecycle import Life, State
from trio_pipeline.diario.listing_years import court_day, years_to_read
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.diario.selection import plan
from trio_pipeline.diario.settings_model import Settings
from trio_pipeline.diario.stages.reading import read_apart
from trio_pipeline.diario.stored_text import TextLost
from trio_pipeline.diario.texts import Texts
from trio_pipeline.retry import GiveUp, Reject
from trio_pipeline.world import World

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do.

    Attributes:
        gazettes: How many it would take up.
        stages: How many of them would go through each stage.
        years: The years whose listing it would look after.
        announcement: What would have to be accepted first, or None.
        model: What asking a model would cost, or None if none would be asked.
        unread: How many gazettes have no text yet, so that nobody can tell what a model would be asked about them.
        is_guessed: Whether `model` has a guess about these: a model that reads gazettes whole is asked about all of
            each. Otherwise it is not known before the rules have read them.
    """

    gazettes: int
    years: Sequence[int]
    stages: Mapping[str, int]
    announcement: str | None
    model: Estimate | None = None
    unread: int = 0
    is_guessed: bool = False


async def preview(job: Job, world: World) -> Preview:
    """Say what `run` would do, and do nothing: the ledger is only read, if there is one.

    Raises:
        DatabaseInUse: A run holds the ledger.
        DatabaseUnusable: The ledger cannot be read.

    Cancellation: a checkpoint.
    """
    settings = job.settings
    branches = branches_of(settings)
    known = await read_standings(settings.run.db, branches.archive, world)
    standings = with_new(known, job.gazettes or (), await Texts(settings.run.text, world).kept())
    chosen = plan(standings, job.selection, branches)
    stages = {
        life.value: sum(item.state(life) is State.PENDING for item in chosen.items)
        for life in (Life.DOWNLOAD, *branches.lives)
    }
    years = years_to_read(job.selection, court_day(world.now()), {}) if job.gazettes is None else ()
    model, unread = await _model_estimate(chosen.items, settings, world)
    return Preview(
        len(chosen.items),
        years,
        stages,
        announcement(job, chosen.items, dry_run=True),
        model,
        unread,
        is_guessed=settings.extract.kind == "model",
    )


async def _model_estimate(items: Sequence[Item], settings: Settings, world: World) -> tuple[Estimate | None, int]:
    """What asking a model about these would cost, and how many of them nobody can read yet."""
    if not settings.extract.uses_model:
        return None, 0
    everything = settings.extract.kind == "model"
    texts = Texts(settings.run.text, world)
    total, unread = Estimate(0, 0, 0), 0
    async with world.open_processes(1) as processes:
        quarantine = Quarantine(processes, world.open_processes, at_once=1, is_ending=lambda: False)
        for item in items:
            if item.state(Life.EXTRACT) is not State.PENDING:
                continue
            name = item.gazette.id
            try:
                total += await read_apart(quarantine, name, measure, str(texts.path(name)), everything)
            except TextLost:
                unread += 1
            except (Reject, GiveUp):
                # Nothing would be asked about it.
                continue
    return total + UNSEEN.times(unread if everything else 0), unread
