"""Collaboration tests of `run`: what it says before it begins. Nobody is asked anything."""

from __future__ import annotations

import pytest
from made_gazettes import gazette

from trio_pipeline.cli.exit_codes import ExitCode

GAZETTES = [gazette(1, "2024-08-29"), gazette(2, "2025-06-23")]


@pytest.fixture
def catalog(tmp_path):
    """A catalog of two gazettes."""
    path = tmp_path / "catalog.csv"
    path.write_text("url,date\n" + "".join(f"{one.url},{one.date}\n" for one in GAZETTES), encoding="utf-8")
    return path


def test_missing_catalog_is_told_before_missing_settings(typed, catalog):
    said = typed("run", "missing.json", "--archive=internet-archive")
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert said.err == "trio-pipeline: missing.json: cannot be read: No such file or directory\n"
    said = typed("run", catalog)
    assert said.code == ExitCode.USAGE
    assert said.err.splitlines()[0] == f"2 gazettes in {catalog}"
    assert "tjro.contact" in said.err.splitlines()[1]


def test_dry_run_asks_for_nothing_that_is_for_sending(typed, catalog, tmp_path):
    said = typed("run", catalog, "--dry-run", "--archive=internet-archive", "--extract=rules+model")
    assert said.code == ExitCode.OK
    assert said.out.startswith("2 gazettes would be taken up\n")
    assert "tjro.contact" not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.csv"]


def test_dry_run_of_a_model_advises_the_next_step_alone(typed):
    said = typed("run", "--dry-run", "--extract=model")
    assert said.code == ExitCode.OK
    assert "have a model read all that the court lists whole" in said.out
    assert "set model.name and model.token_budget first" in said.out
    assert "--dry-run" not in said.out
    assert "--yes" not in said.out
