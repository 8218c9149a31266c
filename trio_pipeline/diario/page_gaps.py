"""What stands between the content of one page and that of the next: footers, page breaks, headers.

Pure: this file does not know what is looked for on both sides of a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trio_pipeline.diario.judgements.lines import Gazette

__all__ = ["page_gaps"]


def page_gaps(pages: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the gaps are in the gazette's text, that is in the pages with `PAGE_BREAK` between them.

    Each is from the end of a page's last line to the beginning of the next one's first word, headers and footers left
    out. A page without any content is part of a gap.

    Args:
        pages: The text of each page, in order.
    """
    gazette = Gazette(pages)
    before = None
    for number in range(1, len(pages) + 1):
        content = gazette.content(number)
        if content:
            if before is not None:
                yield before, content[0]
            before = content[1]
