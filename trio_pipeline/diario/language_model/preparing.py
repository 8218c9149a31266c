"""What is done to a stored text in a worker process before a model is asked: it is cut into pieces to ask about.

This file does not know which gazette it is.
"""

from __future__ import annotations

from trio_pipeline.diario.language_model.questions import Prepared, ask_about
from trio_pipeline.diario.stored_text import pages_of

__all__ = ["prepare"]


def prepare(path: str, everything: bool) -> Prepared:  # noqa: FBT001 -- arguments of a call in a process go by place
    """Make a stored text ready for a model.

    Args:
        path: Where it lies.
        everything: Whether the model reads all but notaries' pages; else only what the rules cannot read.

    Raises:
        TextLost: It cannot be read.
    """
    return ask_about(pages_of(path), everything=everything)
