"""The rules that read judgements out of the text of a gazette.

From bottom to top: `labels` knows the words that announce a field, `lines` puts broken ones together, `pages` leaves
out headers and footers, `stretches` says where judgements can stand, `entries` finds where a case begins and `prose`
what is no entry, `fields` splits an entry, `names`, `counsel` and `result` read single fields, `reader` puts a
judgement together.
"""

from __future__ import annotations

from trio_pipeline.diario.judgements.reader import READER_VERSION, judgements_of, read_judgements

__all__ = ["READER_VERSION", "judgements_of", "read_judgements"]
