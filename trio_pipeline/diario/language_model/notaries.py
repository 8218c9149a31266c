"""Pages that hold notaries' notices: protests, banns of marriage, registers. They are never sent to a model.

They hold no judgements, but the numbers and addresses of private people by the hundred.

Pure: this file does not know what becomes of a page.
"""

from __future__ import annotations

import re

from trio_pipeline.diario.judgements.labels import plain
from trio_pipeline.diario.masking import MASK

__all__ = ["is_notarial"]

_NOTARIAL = re.compile(
    r"\btabeli(?:ao|a|onato)\b|\bprotesto de titulos\b|\bproclamas\b|\bregistro civil\b"
    r"|\boficial (?:de|do|da) registro\b|\bpretendem? se casar\b|\bserventia extrajudicial\b"
)
_JUDICIAL = re.compile(
    r"\b(?:acordao|apela(?:nte|do|da|cao)|agrava(?:nte|do|da)|recorr(?:ente|ido|ida)|embarga(?:nte|do|da)|relatora?"
    r"|impetra(?:nte|do|da)|desembargadora?|habeas corpus|recurso inominado)\b|\b\d{7}-\d\d\.\d{4}\.\d\.\d\d\.\d{4}\b"
)
_MASKED_NUMBER = re.compile(rf"(?:{re.escape(MASK)}+[./-])+{re.escape(MASK)}+|{re.escape(MASK)}{{11,}}")
_MANY = 3  # masked numbers on a page; a list of judgements has one in a party's name now and then


def is_notarial(page: str) -> bool:
    """Whether a page is taken up by notaries' notices.

    Args:
        page: Its text, with the digits of personal numbers masked.
    """
    text = plain(page)
    if _JUDICIAL.search(text):
        return False
    return _NOTARIAL.search(text) is not None or len(_MASKED_NUMBER.findall(page)) >= _MANY
