"""Where notaries' notices stand: protests, banns of marriage, registers. They are never sent to a model.

They hold no judgements, but the numbers and addresses of private people by the hundred.

One sign proves nothing: a notary may be a party to an appeal, and a notice may name a court. On 192 pages of a real
gazette (23 June 2025) the signs of one kind outnumber those of the other on every page of notices or judgements.

Pure: this file does not know what becomes of a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from trio_pipeline.diario import cnj
from trio_pipeline.diario.judgements.labels import plain
from trio_pipeline.diario.masking import MASK
from trio_pipeline.diario.old_numbers import find_old_numbers

__all__ = ["notices_begin"]

_NOTARIAL = re.compile(
    r"\btabeli(?:ao|a|aes|onatos?)\b|\bnotari(?:o|al|ais)\b|\bregistra(?:l|is|dora?)\b|\bserventia extrajudicial\b"
    r"|\b(?:cartorio|oficio) (?:\S+ ){0,4}?(?:notas|protestos?|registros?)\b|\boficial (?:de|do|da) registro\b"
    r"|\bprotestos? de titulos\b|\bregistro (?:civil|de imoveis|imobiliario|de titulos)\b"
    r"|\bedita(?:l|is) de (?:casamento|protesto|proclamas)\b|\bproclamas\b|\bnubentes?\b"
    r"|\bhabilitacao (?:de|para o?) ?casamento\b"
    r"|\b(?:pretend|quer)em? (?:se casar|casar(?:[ -]?se)?|contrair (?:matrimonio|casamento|nupcias))\b"
)
_JUDICIAL = re.compile(
    r"\b(?:acordaos?|apela(?:ntes?|d[oa]s?|cao|coes)|agrav(?:os?|antes?|ad[oa]s?)|recor(?:rentes?|rid[oa]s?)"
    r"|embarg(?:os|antes?|ad[oa]s?)|relator(?:a|es)?|impetra(?:ntes?|d[oa]s?)|desembargador(?:a|es|as)?|habeas corpus"
    r"|recurso inominado|requer(?:entes?|id[oa]s?)|exequentes?|executad[oa]s?|sentencas?)\b"
    r"|\b(?:autor(?:a|es)?|reus?|res?):"
)
_MASKED_NUMBER = re.compile(rf"(?:{re.escape(MASK)}+[./-])+{re.escape(MASK)}+|{re.escape(MASK)}{{11,}}")
_MANY = 3  # masked numbers in a row; a list of judgements has one in a party's name now and then
_FEWEST_BEHIND_A_COURT = 2  # signs of notaries: the name of a party may go on behind the last sign of a court
_MOST_IN_A_LIST = 1  # signs of courts: a street may be called after a judge
_BROKEN_WORD = re.compile("[\ufffe\u00ad]\\s*")


def notices_begin(pages: Sequence[str]) -> list[int]:
    """Where in each page notaries' notices begin: 0 if they take it up, its length if there are none.

    A page holds notices behind the last sign of a court on it, if enough says so; or as a whole, if it has more signs
    of notaries than of courts, or hardly any of a court and the page before ends with notices: a list of hundreds of
    people goes on for pages. What else follows so, such as acts of the administration, holds no judgement and need not
    be sent either.

    Args:
        pages: The text of each page, with the digits of personal numbers masked.
    """
    found: list[int] = []
    are_before = False
    for page in pages:
        begin = _beginning(page, are_before=are_before)
        found.append(begin)
        are_before = begin < len(page) or (are_before and not page)
    return found


def _beginning(page: str, *, are_before: bool) -> int:
    numbers = [number.end for number in (*cnj.find_numbers(page), *find_old_numbers(page))]
    text = _plain(page)
    courts = len(_JUDICIAL.findall(text)) + len(numbers)
    if are_before and courts <= _MOST_IN_A_LIST:
        return 0
    behind = _end_of_last_sign(page, max(numbers, default=0))
    if _are_enough(page[behind:], fewest=_FEWEST_BEHIND_A_COURT if courts else 1):
        return behind + _first(page[behind:]) if behind else 0
    return 0 if len(_NOTARIAL.findall(text)) > courts else len(page)


def _are_enough(text: str, fewest: int) -> bool:
    """Whether what a text has of notaries' words and of people's numbers makes it notices."""
    return len(_NOTARIAL.findall(_plain(text))) >= fewest or len(_MASKED_NUMBER.findall(text)) >= _MANY


def _end_of_last_sign(page: str, position: int) -> int:
    """Where the line ends, with its line feed, that is the last one to hold a court's word or this position."""
    start = end = 0
    for line in page.split("\n"):
        following = start + len(line) + 1
        if start < position or _JUDICIAL.search(_plain(line)):
            end = following
        start = following
    return min(end, len(page))


def _first(text: str) -> int:
    """Where the first line begins that has a sign of notices, also one that goes on in the next line."""
    start = 0
    for one, following in pairwise([*text.split("\n"), ""]):
        begins_here = _has_word(f"{one}\n{following}") and not _has_word(following)
        if begins_here or _has_word(one) or _MASKED_NUMBER.search(one):
            break
        start += len(one) + 1
    return min(start, len(text))


def _has_word(text: str) -> bool:
    return _NOTARIAL.search(_plain(text)) is not None


def _plain(text: str) -> str:
    return plain(_BROKEN_WORD.sub("", text))
