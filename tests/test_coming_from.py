"""Contract of the pages for those who come from elsewhere: our code on them runs, and prints what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("coming_from_*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_prints_what_the_page_says(page, capsys):
    pattern = r"```python\n(.*?)\ntrio\.run\(main\)\n```\n\n```text\n(.*?)```"
    examples = re.findall(pattern, page.read_text("utf-8"), re.DOTALL)
    assert examples
    for code, output in examples:
        namespace: dict[str, object] = {}
        exec(compile(code, page.name, "exec"), namespace)
        trio.run(namespace["main"], clock=MockClock(autojump_threshold=0))
        assert capsys.readouterr().out == output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_can_be_found(page):
    for document in (DOCS / "library.md", DOCS.parent / "README.md"):
        assert page.name in document.read_text("utf-8")


def test_there_is_a_page_for_each():
    assert [page.stem.removeprefix("coming_from_") for page in PAGES] == ["aiometer", "aiostream", "pypeln", "scrapy"]
