"""Behaviour of the errors that end a command: a line of ours for each of theirs, and nothing that a terminal obeys."""

from __future__ import annotations

from trio_pipeline.cli.exit_codes import CommandError


def test_every_line_is_one_of_ours(capsys):
    CommandError("the first\nthe second").show()
    assert capsys.readouterr().err == "trio-pipeline: the first\ntrio-pipeline: the second\n"


def test_terminal_is_told_nothing_by_a_path(capsys):
    CommandError("ev\x1b[31mil is no DuckDB database").show()
    assert capsys.readouterr().err == "trio-pipeline: ev\\x1b[31mil is no DuckDB database\n"
