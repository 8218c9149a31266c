"""The stage `model`: judgements out of a text that is kept, by a language model."""

from __future__ import annotations

from trio_pipeline.diario.items import Item
from trio_pipeline.diario.language_model.answers import Asked
from trio_pipeline.diario.language_model.asking import Asker
from trio_pipeline.diario.language_model.merging import read_by_model
from trio_pipeline.diario.language_model.preparing import prepare
from trio_pipeline.diario.language_model.quota import BudgetSpent, DayUsedUp
from trio_pipeline.diario.lifecycle import Life
from trio_pipeline.diario.model import Reading
from trio_pipeline.diario.packed_readings import packed_reading
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.diario.readers import MODEL, RULES, Reader, ReadingPart
from trio_pipeline.diario.stages.bookkeeping import Result
from trio_pipeline.diario.stages.extract import Extracted
from trio_pipeline.diario.stages.reading import read_apart
from trio_pipeline.diario.stored_text import TextLost
from trio_pipeline.diario.texts import Texts
from trio_pipeline.retry import TryAgain
from trio_pipeline.world import World

__all__ = ["ModelReader"]


class ModelReader:
    """Has gazettes read by a model.

    Args:
        reader: Which one, and whether it reads what the rules leave or everything.
        asker: Asks it.
        texts: Where texts are kept.
        quarantine: Where texts are made ready.
        world: For the time of day.
    """

    def __init__(self, *, reader: Reader, asker: Asker, texts: Texts, quarantine: Quarantine, world: World) -> None:
        self._reader = reader
        self._asker = asker
        self._texts = texts
        self._quarantine = quarantine
        self._world = world

    async def read(self, item: Item) -> Result:
        """Have a gazette read.

        Raises:
            TryAgain: The model did not answer, or takes no more requests today; what it has answered is kept.
            Reject: There is more to ask about than in any gazette, or its text kills the workers that cut it.
            GiveUp: Cutting its text takes too long.
            StopStage: The key, the model's name or the form of the request is refused.
            HostPaused: The host is paused for longer than the pacer's patience.

        Cancellation: what the model has answered is kept.
        """
        everything = self._reader.rules is None
        try:
            name = item.gazette.id
            prepared = await read_apart(self._quarantine, name, prepare, str(self._texts.path(name)), everything)
        except TextLost as error:
            item.has_text = False
            return Result(item, "put_off", {"reason": f"{error}; it is made again"})
        try:
            asked = await self._asker.ask_all(prepared.questions)
        except BudgetSpent as error:
            # Only a person can raise it: no other run has to wait for that.
            item.left.add(Life.EXTRACT)
            return Result(item, "put_off", {"reason": str(error)})
        except DayUsedUp as error:
            wait = (error.until - self._world.now()).total_seconds()
            raise TryAgain(str(error), after=max(0.0, wait), counts=False) from error
        by_model = read_by_model(prepared, asked, everything=everything)
        return Extracted(
            item, "extracted", _account(asked), parts=(*self._by_rules(prepared.reading), self._part(by_model))
        )

    def _by_rules(self, reading: Reading) -> tuple[ReadingPart, ...]:
        if self._reader.rules is None:
            return ()
        # What they could not read the model has had, and says what became of it.
        return (ReadingPart(RULES, self._reader.rules, packed_reading(Reading(reading.judgements, ()))),)

    def _part(self, reading: Reading) -> ReadingPart:
        assert self._reader.model is not None
        return ReadingPart(MODEL, self._reader.model, packed_reading(reading))


def _account(asked: list[Asked]) -> dict[str, object]:
    """What the model was asked, and how much of what it said in the end was not taken, for the record."""
    last = [one for one in asked if not one.was_halved]
    return {
        "questions": len(asked),
        "unanswered": sum(one.verified is None for one in last),
        "rejected": sum(len(one.verified.rejected) for one in last if one.verified is not None),
    }
