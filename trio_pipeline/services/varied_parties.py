"""How entries in varied forms write labels, and name parties and counsel.

Pure.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from trio_pipeline.diario.model import Advogado
from trio_pipeline.services.entries import person
from trio_pipeline.services.vocabulary import ASSOCIATIONS, BODIES, COMPANIES, DEFENDERS, STATES, TRADERS

__all__ = ["Labels", "Party", "varied_counsel", "varied_party"]

_UNNAMED = "SEGREDO DE JUSTIÇA"


class Labels:
    """How an entry writes its labels: in title case, in capitals, or in capitals without a colon.

    Attributes:
        capitals: Whether labels, and what they announce, are in capitals.
        bare: Whether labels have no colon.
    """

    def __init__(self, rng: random.Random) -> None:
        self.capitals, self._colon = rng.choice(((False, ": "), (True, ": "), (True, " : "), (True, " ")))
        self.bare = self._colon == " "

    def line(self, label: str, value: str) -> str:
        """A label and what it announces."""
        return f"{self.cased(label)}{self._colon}{self.cased(value)}"

    def cased(self, text: str) -> str:
        """A text in the letters of the entry."""
        return text.upper() if self.capitals else text


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a case.

    Attributes:
        printed: The names as printed.
        names: What a reader should find.
        several: Whether the label is in the plural.
        secret: Whether it says that the case is secret.
    """

    printed: str
    names: tuple[str, ...]
    several: bool = False
    secret: bool = False


def varied_party(rng: random.Random, labels: Labels) -> Party:
    """A side in one of many forms."""
    form = rng.choice((_persons, _persons, _represented, _glued, _firm, _hidden))
    party = form(rng, labels)
    names = tuple(dict.fromkeys(labels.cased(name).rstrip(".") for name in party.names))
    return Party(labels.cased(party.printed), names, party.several, party.secret)


def _persons(rng: random.Random, labels: Labels) -> Party:
    one, other = person(rng), person(rng)
    # In capitals ` E ` may stand within a name as well.
    joint = ", " if labels.capitals or " " not in one or " " not in other else rng.choice((", ", " e "))
    ending = rng.choice((" e outros", " e outra", " e outro(s)", " e outros (3)"))
    return rng.choice(
        (
            Party(f"{one}{joint}{other}", (one, other), several=True),
            Party(f"{one}{ending}", (one,)),
            Party(f"{one}, {other}{ending}", (one, other), several=True),
        )
    )


def _represented(rng: random.Random, _: Labels) -> Party:
    name, other = person(rng), person(rng)
    words = rng.choice(
        (
            ", representado por sua genitora ",
            " representada pela curadora ",
            " (assistido por ",
            ", neste ato representado por ",
        )
    )
    return Party(f"{name}{words}{other}{')' if '(' in words else ''}", (name,))


def _glued(rng: random.Random, _: Labels) -> Party:
    """Two firms without a comma between them."""
    first, second = rng.choice((COMPANIES[0], f"{COMPANIES[6]}.")), rng.choice(COMPANIES[1:4])
    return Party(f"{first}{second}", (first, second), several=True)


def _firm(rng: random.Random, _: Labels) -> Party:
    """A name with commas in it, alone or with another."""
    name, other = rng.choice((*TRADERS, *ASSOCIATIONS)), rng.choice((*COMPANIES[:4], *BODIES))
    return Party(f"{name}, {other}", (name, other), several=True) if rng.random() < 0.5 else Party(name, (name,))


def _hidden(rng: random.Random, _: Labels) -> Party:
    initials = " ".join(f"{word[0].upper()}." for word in f"{person(rng)} {person(rng)}".split())
    return rng.choice(
        (
            Party(initials, (initials,), secret=True),
            Party(f"{initials}, representada por {initials}", (initials,), secret=True),
            Party(_UNNAMED, (_UNNAMED,), secret=True),
        )
    )


def varied_counsel(rng: random.Random, labels: Labels) -> tuple[str, tuple[Advogado, ...]]:
    """Counsel as printed, and what a reader should find."""
    if rng.random() < 0.2:
        printed, names = rng.choice((("SEM ADVOGADO(S)", ()), *((name, (name,)) for name in DEFENDERS)))
        return printed, tuple(Advogado(name, None) for name in names)
    form = rng.choice((_numbers_in_brackets, _numbers_behind, _state_behind, _titled))
    forms = [form(rng) for _ in range(rng.choice((1, 1, 2)))]
    printed = ", ".join(text for text, _ in forms)
    return labels.cased(printed), tuple(Advogado(labels.cased(one.nome), one.oab) for _, one in forms)


def _numbers_in_brackets(rng: random.Random) -> tuple[str, Advogado]:
    name, states, digits = person(rng), rng.sample(sorted(set(STATES)), 3), rng.randrange(1_000, 9_000)
    dotted = f"{digits // 1000}.{digits % 1000:03d}"
    printed = f"{name} (OAB/{states[0]} {dotted}, OAB/{states[1]} {rng.randrange(200, 999)} e OAB/{states[2]} {dotted})"
    return printed, Advogado(name, f"{states[0]}{digits}")


def _numbers_behind(rng: random.Random) -> tuple[str, Advogado]:
    name, state, digits = person(rng), rng.choice(STATES), rng.randrange(200, 14_000)
    return f"{name}, OAB nº {state}{digits}A, OAB nº SP{digits + 1}", Advogado(name, f"{state}{digits}A")


def _state_behind(rng: random.Random) -> tuple[str, Advogado]:
    name, state, digits = person(rng), rng.choice(STATES), rng.randrange(200, 14_000)
    return f"{name}{rng.choice((', ', ' - '))}OAB {digits}/{state}", Advogado(name, f"{state}{digits}")


def _titled(rng: random.Random) -> tuple[str, Advogado]:
    name, state, digits = person(rng), rng.choice(STATES), rng.randrange(200, 999)
    return f"{rng.choice(('Dr.', 'Dra.'))} {name} (OAB/{state} n. {digits})", Advogado(name, f"{state}{digits}")
