"""What the Internet Archive is told about an item and a file, as the headers of an upload.

Pure: this file does not know how they are sent, and holds no keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from trio_pipeline.diario.model import Checksums, Gazette
from trio_pipeline.diario.titles import Titles

__all__ = ["file_fields", "file_name", "item_fields", "numbered_headers", "upload_headers"]

# Tribunals as their own gazettes name them, and what a reader would search for.
_COURTS = {"tjro": ("Tribunal de Justiça de Rondônia", "Rondônia")}

# What may stand in a header as it is. A value that looks like an encoded one would be decoded, so it is encoded too.
_PLAIN = re.compile(r"(?!uri\()[\x21-\x7e]+")


def file_name(gazette: Gazette) -> str:
    """The name of a gazette's file in its item: its id, which nothing in it needs quoting."""
    return f"{gazette.id}.pdf"


def upload_headers(
    gazette: Gazette, checksums: Checksums, *, layout: str, collection: str, titles: Titles
) -> dict[str, str]:
    """Every header of an upload but for its length and the keys.

    What describes the item is honoured only when the upload creates it, and is sent with each: which one is the first
    is for the archive to decide. There is no x-archive-keep-old-version: nothing is ever put over other bytes, and over
    the same ones it would make a second copy for each repetition.

    Args:
        gazette: The gazette.
        checksums: Of its bytes.
        layout: `year` or `edition`: what the item holds.
        collection: Where the item goes; empty for the archive's default.
        titles: What item and file are called.
    """
    return {
        "Content-Type": "application/pdf",
        "Content-MD5": checksums.md5,
        "x-archive-auto-make-bucket": "1",
        "x-archive-queue-derive": "0",
        "x-archive-size-hint": str(checksums.size),
        **numbered_headers("meta", item_fields(gazette, layout=layout, collection=collection, titles=titles)),
        **numbered_headers("filemeta", file_fields(gazette, checksums, titles)),
    }


def item_fields(gazette: Gazette, *, layout: str, collection: str, titles: Titles) -> list[tuple[str, str]]:
    """The metadata of the item that holds a gazette; a key that comes twice is a list."""
    court, region = _COURTS.get(gazette.tribunal, (gazette.tribunal.upper(), ""))
    common = [
        ("mediatype", "texts"),
        ("collection", collection),
        ("creator", court),
        ("language", "por"),
        ("subject", "Diário da Justiça"),
        ("subject", gazette.tribunal.upper()),
        ("subject", region),
    ]
    if layout == "edition":
        return [
            *common,
            ("title", titles.edition(gazette)),
            ("date", gazette.date.isoformat()),
            ("description", f"{titles.edition(gazette)}. Publicado em {gazette.url}"),
            ("originalurl", gazette.url),
        ]
    year = str(gazette.date.year)
    description = f"Edições do Diário da Justiça de {year}, {court}, como publicadas pelo tribunal"
    return [*common, ("title", titles.year(gazette)), ("date", year), ("description", description)]


def file_fields(gazette: Gazette, checksums: Checksums, titles: Titles) -> list[tuple[str, str]]:
    """The metadata of the file itself."""
    return [
        ("title", titles.edition(gazette)),
        ("date", gazette.date.isoformat()),
        ("number", str(gazette.number)),
        ("suffix", gazette.suffix),
        ("originalurl", gazette.url),
        ("original_name", gazette.file_name),
        ("sha256", checksums.sha256),
    ]


def numbered_headers(kind: str, fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Fields in the archive's notation: `x-archive-meta00-title: uri(Di%C3%A1rio)`.

    A key's values are numbered from 00; an underscore, which is not safe in a header's name, is written as two hyphens;
    empty values are left out; a value that is not plain ASCII without spaces is percent-encoded in `uri(…)`.

    Args:
        kind: `meta` for the item, `filemeta` for the file.
        fields: Keys and values.
    """
    headers: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for key, value in fields:
        if not value:
            continue
        number = numbers.get(key, 0)
        numbers[key] = number + 1
        name = f"x-archive-{kind}{number:02d}-{key.replace('_', '--')}"
        headers[name] = value if _PLAIN.fullmatch(value) else f"uri({quote(value)})"
    return headers
