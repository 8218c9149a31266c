"""Pages that hold notaries' notices: protests, banns of marriage, registers. They are never sent to a model.

They hold no judgements, but the numbers and addresses of private people by the hundred.

One sign proves nothing: a notary may be a party to an appeal, and a notice may name a court. On 192 pages of a real
gazette (23 June 2025) the signs of one kind outnumber those of the other on every page of notices or judgements.

Pure: this file does not know what becomes of a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from trio_pipeline.diario import cnj
from trio_pipeline.diario.judgements.labels import plain
from trio_pipeline.diario.masking import MASK
from trio_pipeline.diario.old_numbers import find_old_numbers

__all__ = ["notarial_pages"]

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
_MANY = 3  # masked numbers on a page; a list of judgements has one in a party's name now and then
_MOST_IN_A_LIST = 1  # signs of courts, as in the name of a street
_BROKEN_WORD = re.compile("[\ufffe\u00ad]\\s*")


def notarial_pages(pages: Sequence[str]) -> list[bool]:
    """Which pages are taken up by notaries' notices.

    A page is if it has more signs of notaries than of courts, or if it has hardly any of a court and the one before it
    is: a list of hundreds of people goes on for pages. What else follows so, such as acts of the administration, holds
    no judgement and need not be sent either.

    Args:
        pages: The text of each page, with the digits of personal numbers masked.
    """
    found: list[bool] = []
    for page in pages:
        text = plain(_BROKEN_WORD.sub("", page))
        courts = len(_JUDICIAL.findall(text)) + sum(1 for _ in (*cnj.find_numbers(page), *find_old_numbers(page)))
        # The parties to a judgement have numbers too: these say something only where nothing speaks of a court.
        numbers = 0 if courts else len(_MASKED_NUMBER.findall(page))
        notices = len(_NOTARIAL.findall(text)) + (numbers if numbers >= _MANY else 0)
        goes_on = bool(found) and found[-1] and courts <= _MOST_IN_A_LIST
        found.append(notices > courts or goes_on)
    return found
