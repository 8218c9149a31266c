"""What an upload to the Internet Archive says in its headers.

Pure: this file does not know what is done with it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import unquote

__all__ = ["Metadata", "content_md5", "credentials", "metadata", "valid_identifier"]

Metadata: TypeAlias = dict[str, str | list[str]]

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{4,99}")
_LOW = re.compile(r"LOW ([^:\s]+):(\S+)")
_URI = re.compile(r"uri\((.*)\)", re.DOTALL)


def valid_identifier(text: str) -> bool:
    """Whether an item can have this name: 5 to 100 of `A-Za-z0-9_.-`, first a letter or digit."""
    return _IDENTIFIER.fullmatch(text) is not None


def credentials(authorization: str) -> tuple[str, str] | None:
    """The access key and the secret of `LOW ACCESS:SECRET`, or None if it is not that."""
    match = _LOW.fullmatch(authorization)
    return (match[1], match[2]) if match else None


def content_md5(text: str) -> bytes | None:
    """The digest in a Content-MD5 header, in hex or in base64, or None if it is neither."""
    if re.fullmatch(r"[0-9A-Fa-f]{32}", text):
        return bytes.fromhex(text)
    try:
        digest = base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one, and so is what is not even ASCII
        return None
    return digest if len(digest) == 16 else None


def metadata(headers: Iterable[tuple[str, str]], prefix: str) -> Metadata:
    """Read the metadata of an item (`x-archive-meta`) or of a file (`x-archive-filemeta`).

    A key that comes several times is a list, in the order of its numbers. `--` in a key is an underscore, and a value
    `uri(...)` is percent-encoded UTF-8.

    Args:
        headers: Names in lower case, and values.
        prefix: What the names begin with.
    """
    form = re.compile(rf"{re.escape(prefix)}(\d*)-(.+)")
    found: list[tuple[int, str, str]] = []
    for name, value in headers:
        match = form.fullmatch(name)
        if match and value:
            found.append((int(match[1] or 0), match[2].replace("--", "_"), _decoded(value)))
    result: Metadata = {}
    for _, key, value in sorted(found, key=lambda entry: entry[0]):
        earlier = result.get(key)
        if earlier is None:
            result[key] = value
        else:
            result[key] = [*([earlier] if isinstance(earlier, str) else earlier), value]
    return result


def _decoded(value: str) -> str:
    match = _URI.fullmatch(value)
    return unquote(match[1]) if match else value
