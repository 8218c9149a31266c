"""The numbers under which lawyers are registered (OAB), as people write them.

Pure: this file reads what somebody typed, a number alone; `judgements.counsel` finds numbers in a gazette's text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Oab", "read_oab"]

_STATE = "A[CLMP]|BA|CE|DF|ES|GO|M[AGST]|P[ABEIR]|R[JNORS]|S[CEP]|TO"
# What is left once separators are gone: OABNORO7821A, RO7821A, 7821ARO, 7821.
_WRITTEN = re.compile(
    rf"(?:OAB)?(?:NO?)?(?P<before>{_STATE})?(?:NO?)?(?P<digits>[0-9]{{1,10}})"
    rf"(?:(?P<letters>[A-Z]{{0,2}}?)(?P<after>{_STATE})|(?P<letters_alone>[A-Z]{{0,2}}))"
)


@dataclass(frozen=True, slots=True)
class Oab:
    """A registration.

    Attributes:
        state: Two letters, or None where none was written.
        rest: The digits and the letters behind them: `7821A`. With other letters it may be another person's.
    """

    state: str | None
    rest: str


def read_oab(text: str) -> Oab | None:
    """What a number says, in any writing: `OAB/RO 7.821-A`, `RO7821A`, `OAB nº RO 7821 A`, `7.821-A/RO`, `7821`.

    Returns:
        None if it is no such number.
    """
    plain = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text))).upper()
    match = _WRITTEN.fullmatch(plain)
    if match is None or (match["before"] and match["after"]):
        return None
    letters = match["letters"] or match["letters_alone"] or ""
    return Oab(match["before"] or match["after"], match["digits"] + letters)
