"""An entry of a list as the court prints it, with what a reader should find in it; and what all kinds of them hold.

Pure: this file does not know on which page an entry comes to stand.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass

from trio_pipeline.diario.cnj import check_digits
from trio_pipeline.diario.model import Advogado, Judgement
from trio_pipeline.services.vocabulary import GIVEN_NAMES, STATES, SURNAMES

__all__ = ["Entry", "case_number", "earlier", "lawyer", "person"]

_FIRST_YEAR = 2010  # of the form that Resolução CNJ 65/2008 gave to case numbers


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list.

    Attributes:
        paragraphs: What is printed.
        truth: What a reader should find. Its page is 0 and its span (0, 0) as long as nobody has set it.
    """

    paragraphs: tuple[str, ...]
    truth: Judgement


def case_number(rng: random.Random, year: int, *, origin: int | None = None) -> str:
    """A case number of TJRO: with right check digits, or, of a case from before 2010, in the form of its time.

    Args:
        rng: Chooses it.
        year: The year the case began; the case may be up to two years older.
        origin: The last part; None chooses a district. From 8000 on it is an administrative file.
    """
    begun = year - rng.randrange(3)
    if begun < _FIRST_YEAR and (origin is None or origin < 8000):
        instance = rng.choice(("", "100.", "200."))
        return f"{instance}{rng.randrange(1, 24):03d}.{begun}.{rng.randrange(1_000_000):06d}-{rng.randrange(10)}"
    sequence = rng.randrange(7_000_000, 7_080_000)
    origin = rng.randrange(1, 24) if origin is None else origin
    return f"{sequence:07d}-{check_digits(sequence, begun, 8, 22, origin):02d}.{begun:04d}.8.22.{origin:04d}"


def person(rng: random.Random) -> str:
    """A made-up name in title case."""
    return " ".join([rng.choice(GIVEN_NAMES), *rng.sample(SURNAMES, rng.choice((1, 2, 2, 3)))])


def lawyer(rng: random.Random, *, suffixes: Sequence[str], capitals: bool = False) -> Advogado:
    """A made-up lawyer with a number of the bar (OAB).

    Args:
        rng: Chooses the name, the state and the digits.
        suffixes: What may follow the digits, such as `A` or `-S`.
        capitals: Whether the name is in capitals.
    """
    name = person(rng)
    oab = f"{rng.choice(STATES)}{rng.randrange(200, 14_000)}{rng.choice(suffixes)}"
    return Advogado(name.upper() if capitals else name, oab)


def earlier(rng: random.Random, date: datetime.date) -> datetime.date:
    """A day up to about a year before `date`, as that on which a case was given to its judge."""
    return date - datetime.timedelta(days=rng.randrange(20, 400))
