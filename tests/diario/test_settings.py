"""Settings (contract): where values come from, what is refused, and that keys stay hidden."""

from __future__ import annotations

import copy
import json
import pickle
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trio_pipeline.diario.addresses import is_loopback
from trio_pipeline.diario.credentials import CredentialsError, Secret, load_secrets
from trio_pipeline.diario.quoting import quoted, terminal_safe
from trio_pipeline.diario.settings import KEYS, Settings, SettingsError, load_settings, value_of


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def load(toml: str = "", environ=None, **flags):
    """Load settings from a file in a directory of its own; flags are written `run__db`."""
    path = Path("etc/my.toml")
    path.parent.mkdir(exist_ok=True)
    path.write_text(toml, encoding="utf-8")
    return load_settings({key.replace("__", "."): value for key, value in flags.items()}, environ or {}, path)


def problems(toml: str = "", environ=None, **flags) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(toml, environ, **flags)
    assert str(caught.value) == "\n".join(caught.value.problems)
    assert all(problem.isprintable() for problem in caught.value.problems)
    return caught.value.problems


class TestDefaults:
    def test_documented_ones_hold(self):
        loaded = load_settings({}, {})
        written = {name: key.written(value_of(loaded.settings, name)) for name, key in KEYS.items()}
        assert written.pop("extract.workers").isdigit()
        assert written == {
            "run.db": '"diarios.duckdb"',
            "run.spool": '"spool"',
            "run.text": '"text"',
            "run.spool_limit": '"5 GB"',
            "run.grace": '"1 min"',
            "run.patience": '"30 min"',
            "run.deadline": '"none"',
            "retry.attempts": "5",
            "retry.hold": '"30 s"',
            "retry.runs": "5",
            "tjro.base_url": '"https://www.tjro.jus.br"',
            "tjro.size_limit": '"200 MB"',
            "tjro.expected_size": '"5 MB"',
            "tjro.workers": "3",
            "tjro.interval": '"2 s"',
            "tjro.contact": '"none"',
            "tjro.refresh": '"1 h"',
            "tjro.stale_after": '"10 days"',
            "archive.kind": '"folder"',
            "archive.folder": '"archive"',
            "archive.s3_url": '"https://s3.us.archive.org"',
            "archive.metadata_url": '"https://archive.org"',
            "archive.collection": '"opensource"',
            "archive.workers": "2",
            "archive.interval": '"0 s"',
            "archive.layout": '"year"',
            "archive.title": '"Diário da Justiça {tribunal} - {day} - nº {number} {suffix}"',
            "archive.year_title": '"Diário da Justiça {tribunal} - {year}"',
            "archive.accept_policy": "false",
            "archive.confirm_after": '"5 min"',
            "archive.trusted_hosts": "[]",
            "extract.kind": '"rules"',
            "model.provider": '"gemini"',
            "model.base_url": '"none"',
            "model.name": '"none"',
            "model.workers": "2",
            "model.rpm": '"none"',
            "model.tpm": '"none"',
            "model.rpd": '"none"',
            "model.token_budget": "0",
            "model.accept_cost": "false",
            "model.input_price": '"none"',
            "model.output_price": '"none"',
            "privacy.suppress": '"none"',
        }
        assert set(loaded.sources.values()) == {"default"}

    def test_written_settings_are_read_again(self):
        flags = {"tjro.contact": "a@example.org", "archive.trusted_hosts": "a.example, b.example", "run.grace": 1.5}
        flags |= {"run.db": '/não/\U0001f600\U000e0001\x7f\u202e\n"\\'}
        settings = load_settings(flags, {}).settings
        toml = "\n".join(f"{name} = {key.written(value_of(settings, name))}" for name, key in KEYS.items())
        Path("trio-pipeline.toml").write_text(toml, encoding="utf-8")
        assert load_settings({}, {}).settings == settings
        assert toml.replace("\n", "").isprintable()
        assert 'run.db = "/não/\U0001f600' in toml

    def test_every_key_is_described(self):
        assert [name for name, key in KEYS.items() if not key.description] == []

    def test_settings_are_frozen(self):
        settings = Settings()
        with pytest.raises(ValidationError, match="frozen"):
            settings.run.grace = 1.0

    def test_settings_can_be_recorded(self):
        assert json.loads(Settings().model_dump_json())["run"]["db"] == "diarios.duckdb"


class TestSources:
    def test_flag_goes_before_all(self):
        environ = {"TRIO_PIPELINE_TJRO__WORKERS": "4", "TRIO_PIPELINE_RETRY__RUNS": "7"}
        toml = "[tjro]\nworkers = 5\n[retry]\nruns = 8\nattempts = 9"
        loaded = load(toml, environ, tjro__workers="6")
        assert loaded.settings.tjro.workers == 6
        assert loaded.settings.retry.runs == 7
        assert loaded.settings.retry.attempts == 9
        assert loaded.sources["tjro.workers"] == "flag"
        assert loaded.sources["retry.runs"] == "TRIO_PIPELINE_RETRY__RUNS"
        assert loaded.sources["retry.attempts"] == "etc/my.toml"
        assert loaded.sources["retry.hold"] == "default"

    def test_flag_is_called_by_its_name(self):
        loaded = load_settings({"run.db": "x"}, {}, flag_names={"run.db": "--db"})
        assert loaded.sources["run.db"] == "--db"

    def test_file_of_directory_is_found(self):
        Path("trio-pipeline.toml").write_text("[run]\ndb = 'here.duckdb'\n", encoding="utf-8")
        loaded = load_settings({}, {})
        assert loaded.settings.run.db == Path("here.duckdb")
        assert loaded.sources["run.db"] == "trio-pipeline.toml"

    def test_paths_are_relative_to_file(self):
        toml = "[run]\ndb = 'a.duckdb'\nspool = '/var/spool'\n[archive]\nfolder = '../b'\n[privacy]\nsuppress = 'none'"
        settings = load(toml, {"TRIO_PIPELINE_RUN__TEXT": "t"}).settings
        assert settings.run.db == Path("etc/a.duckdb")
        assert settings.run.spool == Path("/var/spool")
        assert settings.run.text == Path("t")
        assert settings.archive.folder == Path("etc/../b")
        assert settings.privacy.suppress is None

    def test_home_is_expanded(self, monkeypatch):
        monkeypatch.setenv("HOME", "/home/somebody")
        assert load("[run]\ndb = '~/a.duckdb'").settings.run.db == Path("/home/somebody/a.duckdb")

    def test_units_are_read(self):
        settings = load("[run]\nspool_limit = '256 KB'\ngrace = 1.5\ndeadline = '2 days'").settings
        assert (settings.run.spool_limit, settings.run.grace, settings.run.deadline) == (256_000, 1.5, 172_800.0)

    def test_optional_is_unset_by_none(self):
        toml = "[run]\ndeadline = '1h'\n[tjro]\ncontact = 'a@example.org'"
        environ = {"TRIO_PIPELINE_RUN__DEADLINE": "None", "TRIO_PIPELINE_TJRO__CONTACT": ""}
        settings = load(toml, environ).settings
        assert (settings.run.deadline, settings.tjro.contact) == (None, None)

    def test_model_s_own_variable_counts(self):
        environ = {"GOOGLE_GEMINI_BASE_URL": "http://localhost:1/"}
        assert load("", environ).settings.model.base_url == "http://localhost:1"
        environ["TRIO_PIPELINE_MODEL__BASE_URL"] = "http://localhost:2"
        assert load("", environ).settings.model.base_url == "http://localhost:2"


class TestErrors:
    def test_unknown_key_names_nearest(self):
        assert problems("[run]\nspol = 'x'") == (
            "run.spol (etc/my.toml): there is no such setting; the nearest is run.spool",
        )

    def test_wrong_section_names_right_one(self):
        assert problems(run__confirm_after=1)[0].endswith("the nearest is archive.confirm_after")

    def test_unknown_variable_names_nearest(self):
        assert problems("", {"TRIO_PIPELINE_TJRO__WORKRES": "3"}) == (
            "TRIO_PIPELINE_TJRO__WORKRES: there is no such setting; the nearest is TRIO_PIPELINE_TJRO__WORKERS",
        )

    def test_all_are_told_at_once(self):
        lines = problems("nix = 1\n[run]\ngrace = '3 weeks'", {"TRIO_PIPELINE_X": "1"}, tjro__workers="3x")
        assert len(lines) == 4

    def test_malformed_file_names_line(self):
        (line,) = problems("[run]\ndb =\n")
        assert line.startswith("etc/my.toml: is not TOML: ")
        assert "line 2" in line

    def test_latin_file_is_refused(self):
        path = Path("latin.toml")
        path.write_bytes(b"# di\xe1rio")
        with pytest.raises(SettingsError, match=r"latin\.toml: is not TOML"):
            load_settings({}, {}, path)

    def test_named_file_must_exist(self):
        with pytest.raises(SettingsError, match="no such file"):
            load_settings({}, {}, Path("absent.toml"))
        with pytest.raises(SettingsError, match="cannot be read"):
            load_settings({}, {}, Path())

    def test_key_outside_of_section_is_refused(self):
        assert "outside a section" in problems("db = 'x'")[0]

    @pytest.mark.parametrize(
        ("key", "value", "reason"),
        [
            ("run.grace", "-1", "cannot be negative"),
            ("run.spool_limit", 0, "greater than 0"),
            ("run.spool_limit", True, "not a size"),
            ("run.db", "", "must name a file"),
            ("run.db", "a\0b", "must name a file"),
            ("run.db", "~nobody-has-this-name/x", "unknown here"),
            ("retry.attempts", 0, "greater than or equal to 1"),
            ("retry.attempts", True, "must be a number"),
            ("tjro.workers", 0, "greater than or equal to 1"),
            ("tjro.contact", "a\r\nX-Header: b", "plain ASCII"),
            ("tjro.contact", "josé@example.org", "plain ASCII"),
            ("archive.kind", "floder", "'folder', 'internet-archive' or 'none'"),
            ("archive.layout", "month", "'year' or 'edition'"),
            ("archive.collection", "a b c d e", "as the archive names its items"),
            ("archive.trusted_hosts", "https://a.example", "name of a host"),
            ("archive.trusted_hosts", "a.example:80", "name of a host"),
            ("archive.title", "{nummer}", "there is no field 'nummer'; the nearest is {number}"),
            ("archive.year_title", "{day}", "there is no field 'day'; the nearest is {year}"),
            ("archive.accept_policy", "perhaps", "valid boolean"),
            ("model.token_budget", -1, "greater than or equal to 0"),
        ],
    )
    def test_bad_value_is_refused(self, key, value, reason):
        with pytest.raises(SettingsError) as caught:
            load_settings({key: value}, {}, flag_names={key: "--set"})
        (line,) = caught.value.problems
        assert line.startswith(key)
        assert "(--set): " in line
        assert reason in line

    def test_value_is_shown_harmless(self):
        assert problems(archive__layout="\x1b[2J")[0].startswith(r"archive.layout = '\x1b[2J' (flag)")


class TestAddresses:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("https://www.tjro.jus.br/", "https://www.tjro.jus.br"),
            (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080"),
            ("http://[::1]:80//", "http://[::1]:80"),
            ("https://proxy.example/tjro/", "https://proxy.example/tjro"),
        ],
    )
    def test_slash_is_dropped(self, written, kept):
        assert load(tjro__base_url=written).settings.tjro.base_url == kept

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "www.tjro.jus.br",
            "ftp://www.tjro.jus.br",
            "https://",
            "https://h:port",
            "https://h:0",
            "https://[::1",
            "https://h/?q",
            "https://h/#f",
            "https://h\n.example",
            "https://h\\x",
            "https://é.example",
        ],
    )
    def test_no_address_is_refused(self, written):
        assert problems(tjro__base_url=written)[0].startswith("tjro.base_url")

    def test_password_is_not_repeated(self):
        (line,) = problems(archive__s3_url="https://somebody:hunter2@host.example")
        assert "must not hold a user" in line
        assert "hunter2" not in line

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("http://127.0.0.1:8080", True),
            ("http://127.9.9.9/x", True),
            ("http://[::1]:1", True),
            ("http://LOCALHOST", True),
            ("http://tjro.localhost", True),
            ("http://0.0.0.0", False),
            ("http://10.0.0.1", False),
            ("https://www.tjro.jus.br", False),
            ("http://localhost.evil.example", False),
            ("http://localhost@evil.example", False),
            ("http://127.0.0.1.evil.example", False),
            ("http://[::1", False),
            ("", False),
        ],
    )
    def test_loopback_is_this_machine(self, url, expected):
        assert is_loopback(url) is expected


class TestSecrets:
    def test_environment_holds_keys(self):
        secrets = load_secrets({"IA_ACCESS_KEY": "aaa", "IA_SECRET_KEY": " sss\n", "GEMINI_API_KEY": "ggg"})
        assert secrets.archive_access.reveal() == "aaa"
        assert secrets.archive_secret.reveal() == "sss"
        assert secrets.model.reveal() == "ggg"
        assert secrets.sources == {name: name for name in ("IA_ACCESS_KEY", "IA_SECRET_KEY", "GEMINI_API_KEY")}

    def test_client_s_variables_count(self):
        secrets = load_secrets({"IA_ACCESS_KEY_ID": "aaa", "IA_SECRET_ACCESS_KEY": "sss"})
        assert secrets.sources == {"IA_ACCESS_KEY": "IA_ACCESS_KEY_ID", "IA_SECRET_KEY": "IA_SECRET_ACCESS_KEY"}

    def test_nothing_found_is_no_error(self):
        secrets = load_secrets({})
        assert (secrets.archive_access, secrets.archive_secret, secrets.model) == (None, None, None)

    @pytest.mark.parametrize("place", [".config/internetarchive/ia.ini", ".config/ia.ini", ".ia"])
    def test_client_s_file_is_read(self, tmp_path, place):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[s3]\naccess = a%a\nsecret = sss\n[cookies]\n", encoding="utf-8")
        secrets = load_secrets({"HOME": str(tmp_path)})
        assert secrets.archive_access.reveal() == "a%a"
        assert secrets.sources["IA_SECRET_KEY"] == str(path)

    def test_named_file_goes_first(self, tmp_path):
        for name in ("named", ".ia"):
            (tmp_path / name).write_text(f"[s3]\naccess = {name}\nsecret = s\n", encoding="utf-8")
        environ = {"HOME": str(tmp_path), "IA_CONFIG_FILE": str(tmp_path / "named")}
        assert load_secrets(environ).archive_access.reveal() == "named"

    def test_xdg_directory_is_looked_at(self, tmp_path):
        path = tmp_path / "xdg/internetarchive/ia.ini"
        path.parent.mkdir(parents=True)
        path.write_text("[s3]\naccess = aaa\nsecret = sss\n", encoding="utf-8")
        assert load_secrets({"XDG_CONFIG_HOME": str(tmp_path / "xdg")}).archive_access.reveal() == "aaa"

    def test_pair_is_never_mixed(self, tmp_path):
        (tmp_path / ".ia").write_text("[s3]\naccess = aaa\nsecret = sss\n", encoding="utf-8")
        with pytest.raises(CredentialsError, match="IA_ACCESS_KEY is set, but IA_SECRET_KEY is not"):
            load_secrets({"HOME": str(tmp_path), "IA_ACCESS_KEY": "other"})
        with pytest.raises(CredentialsError, match="IA_SECRET_KEY is set, but IA_ACCESS_KEY is not"):
            load_secrets({"HOME": str(tmp_path), "IA_SECRET_KEY": "other"})

    @pytest.mark.parametrize(
        "content", ["secret = hunter2", "[s3]\nsecret = hunter2", "[s3]\nhunter2\n", "[s3]\naccess=hunter 2\nsecret=x"]
    )
    def test_bad_file_is_not_quoted(self, tmp_path, content):
        (tmp_path / ".ia").write_text(content, encoding="utf-8")
        with pytest.raises(CredentialsError) as caught:
            load_secrets({"HOME": str(tmp_path)})
        assert "hunter" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_file_without_keys_is_passed_over(self, tmp_path):
        (tmp_path / ".ia").write_text("[cookies]\n", encoding="utf-8")
        assert load_secrets({"HOME": str(tmp_path)}).archive_access is None

    def test_header_cannot_be_broken(self):
        with pytest.raises(CredentialsError, match="GEMINI_API_KEY") as caught:
            load_secrets({"GEMINI_API_KEY": "hunter2\r\nX: y"})
        assert "hunter2" not in str(caught.value)

    def test_secret_shows_nowhere(self):
        secret = Secret("hunter2")
        secrets = load_secrets({"GEMINI_API_KEY": "hunter2"})
        shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", repr(secrets), str([secret])]
        assert "hunter2" not in "".join(shown)
        assert repr(secret) == "«hidden»"

    @pytest.mark.parametrize("way_out", [pickle.dumps, copy.deepcopy, json.dumps])
    def test_secret_does_not_leave(self, way_out):
        with pytest.raises(TypeError):
            way_out(Secret("hunter2"))


class TestQuoting:
    @given(st.text())
    def test_safe_text_is_printable(self, text):
        assert terminal_safe(text).isprintable()
        assert terminal_safe(terminal_safe(text)) == terminal_safe(text)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Diário – “São João”", "Diário – “São João”"),
            ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
            ("a\r\n\tb", r"a\x0d\x0a\x09b"),
            ("\x9b2J", r"\x9b2J"),
            ("\u202eabc", r"\u202eabc"),
            ("\U000e0001", r"\U000e0001"),
            ("\ud800", r"\ud800"),
            ("a\u00a0b", "a b"),
        ],
    )
    def test_commands_become_visible(self, text, shown):
        assert terminal_safe(text) == shown

    def test_quoted_value_is_short(self):
        assert quoted("x" * 100) == f"'{'x' * 60}…'"
        assert [quoted(value) for value in (1, None, True, {}, [1])] == ["1", "None", "True", "a dict", "a list"]


def test_toml_example_of_written_values_is_toml():
    toml = "\n".join(f"{name} = {key.written(key.default)}" for name, key in KEYS.items())
    assert set(tomllib.loads(toml)) == set(Settings.model_fields)


class TestSuppression:
    def test_list_lies_beside_the_settings_file(self):
        Path("etc").mkdir(exist_ok=True)
        Path("etc/hidden.txt").write_text("Ana Lima\n", encoding="utf-8")
        loaded = load("[privacy]\nsuppress = 'hidden.txt'")
        assert loaded.suppression.holds("ANA LIMA")

    def test_no_list_hides_nobody(self):
        assert not load_settings({}, {}).suppression

    def test_directory_is_no_list(self):
        with pytest.raises(SettingsError, match=r"privacy.suppress \(flag\): \.: cannot be read"):
            load_settings({"privacy.suppress": "."}, {})
