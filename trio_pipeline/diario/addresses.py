"""Addresses of hosts, as the settings name them.

Pure: this file does not know which host is asked for what, and looks up no name.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

__all__ = ["check_base_url", "check_host", "is_loopback"]

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


def check_base_url(value: str) -> str:
    """An address that paths are appended to, without the slash at its end.

    Raises:
        ValueError: It is not http or https, or it has a user, a query or a fragment. The message does not repeat the
            address: somebody may have written a password into it.
    """
    text = value.strip()
    if not text.isascii() or not text.isprintable() or re.search(r"[\s\\]", text):
        raise ValueError("must be an address in plain ASCII, without spaces and backslashes")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not an address that can be read") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError("must be an address such as https://host or http://host:8080")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or a password")
    if "?" in text or "#" in text:
        raise ValueError("must have no query and no fragment")
    return text.rstrip("/")


def check_host(value: str) -> str:
    """The name of a host in lower case.

    Raises:
        ValueError: It is something else, such as a URL or a name with a port.
    """
    name = value.strip().lower()
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise ValueError("must be the name of a host, without scheme, port and path")
    return name


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, so that nobody else is asked for anything.

    Names count only where they are reserved for this machine (RFC 6761): any other could lead anywhere.
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
