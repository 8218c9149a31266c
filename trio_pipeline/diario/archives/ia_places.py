"""Where a file lies in the Internet Archive: its item and its name, and the address that readers use.

Pure: this file does not know what lies there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

__all__ = ["Place", "place_of"]

_PATH = re.compile(r"/download/([A-Za-z0-9][A-Za-z0-9_.-]{0,99})/([^/].*)")


@dataclass(frozen=True, slots=True)
class Place:
    """A file of an item.

    Attributes:
        item: The item's identifier.
        name: The file's name in it.
    """

    item: str
    name: str

    def url(self, base: str) -> str:
        """Where readers find it on the host `base`, an address without a slash at its end."""
        return f"{base}/download/{self.item}/{quote(self.name)}"


def place_of(url: str) -> Place | None:
    """The file that an address such as `https://archive.org/download/ITEM/NAME` means; None if it means none.

    The host is left out: it may have been a stand-in, or have another name today.

    >>> place_of("https://archive.org/download/tjro-diario-2025/Di%C3%A1rio%20112.pdf")
    Place(item='tjro-diario-2025', name='Diário 112.pdf')
    """
    match = _PATH.fullmatch(urlsplit(url).path)
    return None if match is None else Place(match[1], unquote(match[2]))
