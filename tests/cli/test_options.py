"""The command's frame: options that become settings (collaboration), and how a process ends (end-to-end)."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from trio_pipeline import cli as frame
from trio_pipeline.cli import cli
from trio_pipeline.cli.exit_codes import CommandError, ExitCode
from trio_pipeline.cli.options import Day, configured, json_option, logged, run_options
from trio_pipeline.diario.settings import Loaded

COMMANDS = ["run", "demo", "stats", "decisions", "failures", "retry", "verify", "metadata", "gaps", "drain", "services"]


@pytest.fixture(autouse=True)
def in_clean_surroundings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("TRIO_PIPELINE_", "IA_", "GEMINI_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@click.command()
@click.argument("word", default="")
@run_options
@configured
@logged
@json_option
def probe(loaded: Loaded, *, word, log, as_json):
    """Say what arrived."""
    settings = loaded.settings
    arrived = {
        "word": word,
        "db": str(settings.run.db),
        "archive": [settings.archive.kind, str(settings.archive.folder)],
        "extract": settings.extract.kind,
        "workers": [settings.tjro.workers, settings.archive.workers],
        "deadline": settings.run.deadline,
        "log": [log.verbosity, log.format, log.progress],
        "json": as_json,
        "sources": {key: source for key, source in loaded.sources.items() if source != "default"},
    }
    click.echo(json.dumps(arrived))


def run_probe(*arguments):
    return CliRunner().invoke(probe, arguments)


def arrived(*arguments):
    result = run_probe(*arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


class TestSettings:
    def test_nothing_said_is_default(self):
        said = arrived()
        assert said["db"] == "diarios.duckdb"
        assert said["sources"] == {}

    def test_option_becomes_setting(self):
        said = arrived("--db", "x", "--extract", "none", "--deadline", "2h", "--download-workers", "7", "a word")
        assert (said["db"], said["extract"], said["deadline"], said["workers"]) == ("x", "none", 7200.0, [7, 2])
        assert said["word"] == "a word"
        assert said["sources"]["run.deadline"] == "--deadline"

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("folder:there", ["folder", "there"]),
            ("folder:a:b", ["folder", "a:b"]),
            ("folder", ["folder", "archive"]),
            ("internet-archive", ["internet-archive", "archive"]),
            ("none", ["none", "archive"]),
        ],
    )
    def test_archive_is_kind_and_directory(self, value, expected):
        assert arrived("--archive", value)["archive"] == expected

    @pytest.mark.parametrize("value", ["none:x", "floder:x", "/tmp/x", ""])
    def test_other_archive_is_refused(self, value):
        result = run_probe("--archive", value)
        assert result.exit_code == ExitCode.USAGE
        told = "must be folder:DIR, folder (which archive.folder names), internet-archive or none, not"
        assert f"'--archive': {told} '{value}'." in result.stderr

    def test_folder_without_name_is_refused(self):
        result = run_probe("--archive", "folder:")
        assert result.exit_code == ExitCode.USAGE
        assert "archive.folder = '' (--archive): must name a file or a directory" in result.stderr

    def test_set_sets_any_key(self):
        said = arrived("--set", "tjro.workers=9", "--set", "run.db=a=b")
        assert (said["workers"][0], said["db"]) == (9, "a=b")

    def test_last_word_counts(self):
        assert arrived("--db", "x", "--set", "run.db=y")["db"] == "y"
        assert arrived("--set", "run.db=y", "--db", "x")["db"] == "x"

    def test_set_needs_a_value(self):
        result = run_probe("--set", "run.db")
        assert result.exit_code == ExitCode.USAGE
        assert "KEY=VALUE, not 'run.db'" in result.stderr

    def test_file_is_read(self, tmp_path):
        (tmp_path / "other.toml").write_text("[run]\ndb = 'z'\n", encoding="utf-8")
        said = arrived("--config", str(tmp_path / "other.toml"))
        assert said["db"] == str(tmp_path / "z")

    def test_problem_is_one_line(self):
        result = run_probe("--set", "run.dbb=x", "--deadline", "soon")
        assert result.exit_code == ExitCode.USAGE
        assert result.stdout == ""
        first, second = result.stderr.splitlines()
        assert first == "trio-pipeline: run.dbb (--set): there is no such setting; the nearest is run.db"
        assert second.startswith("trio-pipeline: run.deadline = 'soon' (--deadline): ")


class TestDay:
    @pytest.mark.parametrize(
        ("typed", "read"), [("2004-07-30", "2004-07-30"), ("20040730", "2004-07-30"), ("2004-7-3", "2004-07-03")]
    )
    def test_day_is_read(self, typed, read):
        assert Day().convert(typed, None, None) == datetime.date.fromisoformat(read)

    @pytest.mark.parametrize("typed", ["2004", "30/07/2004", "2004-02-30", "2004-W31-5", "200473", "yesterday", ""])
    def test_what_is_wanted_is_said(self, typed):
        with pytest.raises(click.BadParameter, match="is no day: write year, month and day, as in 2025-06-23"):
            Day().convert(typed, None, None)


class TestLog:
    def test_usual_is_quiet_enough(self):
        assert arrived()["log"] == [0, "text", True]

    def test_flags_add_up(self):
        assert arrived("-vv", "--log-format", "json", "--no-progress")["log"] == [2, "json", False]
        assert arrived("-q")["log"] == [-1, "text", False]

    def test_quiet_and_verbose_contradict(self):
        assert run_probe("-qv").exit_code == ExitCode.USAGE

    def test_json_is_a_flag(self):
        assert (arrived("--json")["json"], arrived()["json"]) == (True, False)


class TestShowConfig:
    def test_sources_are_shown(self, monkeypatch):
        monkeypatch.setenv("TRIO_PIPELINE_RUN__GRACE", "90")
        result = run_probe("--show-config", "--db", "x")
        assert result.exit_code == 0
        assert 'run.db = "x"  # --db' in result.stdout
        assert 'run.grace = "90 s"  # TRIO_PIPELINE_RUN__GRACE' in result.stdout
        assert "tjro.workers = 3  # default" in result.stdout

    def test_place_of_flag_does_not_matter(self):
        assert 'run.db = "x"  # --db' in run_probe("--show-config", "--db", "x").stdout
        assert 'run.db = "x"  # --db' in run_probe("--db", "x", "--show-config").stdout

    def test_keys_stay_hidden(self, monkeypatch):
        for name in ("IA_ACCESS_KEY", "IA_SECRET_KEY"):
            monkeypatch.setenv(name, "hunter2")
        result = run_probe("--show-config")
        assert "hunter2" not in result.output
        assert "# IA_SECRET_KEY: hidden, from IA_SECRET_KEY" in result.stdout
        assert "# GEMINI_API_KEY: not set" in result.stdout

    def test_half_a_pair_is_told(self, monkeypatch):
        monkeypatch.setenv("IA_ACCESS_KEY", "hunter2")
        result = run_probe("--show-config")
        assert result.exit_code == ExitCode.USAGE
        assert result.stderr == "trio-pipeline: IA_ACCESS_KEY is set, but IA_SECRET_KEY is not\n"

    def test_group_shows_it_too(self):
        result = CliRunner().invoke(cli, ["--set", "run.db=x", "--show-config"])
        assert result.exit_code == 0
        assert 'run.db = "x"  # --set' in result.stdout


class TestGroup:
    @pytest.fixture
    def probe_is_run(self, monkeypatch):
        monkeypatch.setattr(frame, "_command", lambda name, entry: probe)

    def test_help_lists_commands(self):
        result = CliRunner().invoke(cli, ["-h"])
        listed = [line.split()[0] for line in result.stdout.partition("Commands:")[2].splitlines() if line.strip()]
        assert listed[: len(COMMANDS)] == COMMANDS

    def test_options_before_the_command_count(self, probe_is_run):
        result = CliRunner().invoke(cli, ["--set", "run.db=x", "--set", "tjro.workers=9", "run", "--db", "y"])
        said = json.loads(result.stdout)
        assert (said["db"], said["workers"][0]) == ("y", 9)

    def test_file_before_the_command_counts(self, probe_is_run, tmp_path):
        (tmp_path / "a.toml").write_text("[tjro]\nworkers = 8\n", encoding="utf-8")
        result = CliRunner().invoke(cli, ["--config", "a.toml", "run"])
        assert json.loads(result.stdout)["workers"][0] == 8

    def test_missing_extra_is_named(self, monkeypatch):
        error = ModuleNotFoundError("No module named 'reportlab'", name="reportlab")
        monkeypatch.setattr(frame.importlib, "import_module", lambda name: (_ for _ in ()).throw(error))
        with pytest.raises(CommandError, match=r"demo needs reportlab.*pip install 'trio-pipeline\[demo\]'"):
            cli.get_command(click.Context(cli), "demo")
        with pytest.raises(ModuleNotFoundError):
            cli.get_command(click.Context(cli), "run")


def process(*arguments, code="from trio_pipeline.cli import main; main()"):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestProcess:
    def test_version_is_told(self):
        done = process("--version")
        assert (done.returncode, done.stdout) == (0, "trio-pipeline 0.1.0\n")

    def test_module_is_the_command(self):
        command = [sys.executable, "-m", "trio_pipeline", "--version"]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["rum"], "trio-pipeline: No such command 'rum'. Did you mean 'run'? See trio-pipeline --help."),
            (["--nothing"], "trio-pipeline: No such option '--nothing'. See trio-pipeline --help."),
            (["stats", "x"], "trio-pipeline stats: Got unexpected extra argument (x). See trio-pipeline stats --help."),
            (["--config", "absent", "--show-config"], "trio-pipeline: absent: there is no such file"),
        ],
    )
    def test_wrong_usage_is_one_line(self, arguments, line):
        done = process(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", line + "\n")

    def test_no_command_is_wrong_usage(self):
        done = process()
        assert (done.returncode, done.stdout) == (2, "")
        assert "Commands:" in done.stderr

    def test_help_imports_no_command(self):
        code = """
import sys
from trio_pipeline.cli import main
try:
    main()
finally:
    loaded = {name for name in sys.modules if name.startswith("trio_pipeline.cli.")} | {"pydantic"} & set(sys.modules)
    print(sorted(loaded), file=sys.stderr)
"""
        done = process("--help", code=code)
        assert (done.returncode, done.stderr) == (0, "['trio_pipeline.cli.exit_codes', 'trio_pipeline.cli.streams']\n")

    def body(self, statement):
        return f"""
import click
from trio_pipeline import cli as frame
@click.command()
def probe():
    {statement}
frame._command = lambda name, entry: probe
frame.main()
"""

    def test_returned_code_is_the_process_s(self):
        assert process("run", code=self.body("return frame.ExitCode.STOPPED")).returncode == 3
        assert process("run", code=self.body("click.get_current_context().exit(4)")).returncode == 4
        assert process("run", code=self.body("return None")).returncode == 0

    def test_interrupt_is_130(self):
        assert process("run", code=self.body("raise KeyboardInterrupt")).returncode == 130

    def test_defect_is_70_and_whole(self):
        done = process("run", code=self.body("raise ExceptionGroup('stages', [ValueError('ours')])"))
        assert done.returncode == 70
        assert "ValueError: ours" in done.stderr

    @pytest.mark.parametrize("lines", [1, 100_000])
    def test_reader_that_left_is_no_failure(self, lines):
        command = [sys.executable, "-c", self.body(f"click.echo('line\\n' * {lines})"), "run"]
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as out:
            done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr) == (0, b"")

    def test_letter_that_terminal_lacks_is_escaped(self):
        environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
        command = [sys.executable, "-c", self.body("click.echo('\\u2026')"), "run"]
        done = subprocess.run(command, capture_output=True, check=False, env=environ)
        assert (done.returncode, done.stdout) == (0, b"\\u2026\n")
