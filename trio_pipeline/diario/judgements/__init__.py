"""The rules that read judgements out of the text of a gazette.

From bottom to top: `labels` knows the words that announce a field, `lines` joins the pages, `entries` finds where a
case begins, `fields` splits it, `names`, `counsel` and `result` read single fields, `reader` puts a judgement together.
"""

from __future__ import annotations

from trio_pipeline.diario.judgements.reader import READER_VERSION, read_judgements

__all__ = ["READER_VERSION", "read_judgements"]
