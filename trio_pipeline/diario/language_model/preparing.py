"""What is done to a stored text in a worker process before a model is asked: it is cut into pieces to ask about.

Or only measured, where nobody is going to be asked: less is handed back.

This file does not know which gazette it is.
"""

from __future__ import annotations

from trio_pipeline.diario.language_model.estimate import Estimate, estimate
from trio_pipeline.diario.language_model.questions import Prepared, ask_about
from trio_pipeline.diario.stored_text import pages_of

__all__ = ["measure", "prepare"]


def prepare(path: str, everything: bool) -> Prepared:  # noqa: FBT001 -- arguments of a call in a process go by place
    """Make a stored text ready for a model.

    Args:
        path: Where it lies.
        everything: Whether the model reads all but notaries' pages; else only what the rules cannot read.

    Raises:
        TextLost: It cannot be read.
        TooMuchToAsk: There is more in it than in any gazette.
    """
    return ask_about(pages_of(path), everything=everything)


def measure(path: str, everything: bool) -> Estimate:  # noqa: FBT001 -- as above
    """What asking a model about a stored text would cost.

    Args:
        path: Where it lies.
        everything: As `prepare` has it.

    Raises:
        TextLost: As `prepare` raises it.
        TooMuchToAsk: As `prepare` raises it.
    """
    return estimate(prepare(path, everything).questions)
