"""Contract tests of docs/testing.md: each example runs, in the order of the page, and prints what stands below it."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import types
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "testing.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def test_examples_print_what_stands_below_them(monkeypatch):
    module = types.ModuleType("doc")
    monkeypatch.setitem(sys.modules, "doc", module)
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    printed = []
    for source, _ in examples:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(source, PAGE.name, "exec"), vars(module))
        printed.append(output.getvalue())
    assert printed == [words for _, words in examples]
    assert len(examples) == 7
