"""What is known about every gazette and every run, kept in DuckDB.

`open_ledger` is the writing side, for the one run that holds the database; `queries` are the questions that people and
commands ask, of a running pipeline or of the file.
"""

from __future__ import annotations
