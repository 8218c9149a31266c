"""What the stages of one random pipeline have in common.

This file does not know what a stage does with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from trio_pipeline._defects import leaves
from trio_pipeline.channels import ByteBudget
from trio_pipeline.pacing import Pacer
from trio_pipeline.simulation.core_programs.scripts import Defect
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["Shared"]


class Shared:
    """What the stages of one pipeline have in common.

    Attributes:
        budget: A bound on bytes.
        pacer: The pace of a host.
        defects: What was raised that nobody classified, in order.
        defect_at: When the first of them was.
        stop_all: Called before a handler stops the whole pipeline, with the grace.
    """

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.budget = ByteBudget(100)
        self.pacer = Pacer("host", interval=0.5, concurrency=2)
        self.defects: list[Defect] = []
        self.defect_at = math.inf
        self.stop_all: Callable[[float], None] = lambda _grace: None

    def raised(self, error: BaseException) -> None:
        """Remember a defect that is about to be raised."""
        self.defect_at = min(self.defect_at, trio.current_time())
        self.defects += [leaf for leaf in leaves(error) if isinstance(leaf, Defect)]
