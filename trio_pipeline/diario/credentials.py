"""Keys of services: found in the environment or in the official client's file, and never shown.

Pure but for reading that one file. This file does not know what the keys open.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["SECRET_NAMES", "CredentialsError", "Secret", "Secrets", "load_secrets"]

_ACCESS_VARIABLES = ("IA_ACCESS_KEY", "IA_ACCESS_KEY_ID")
_SECRET_VARIABLES = ("IA_SECRET_KEY", "IA_SECRET_ACCESS_KEY")
_MODEL_VARIABLE = "GEMINI_API_KEY"

SECRET_NAMES = (_ACCESS_VARIABLES[0], _SECRET_VARIABLES[0], _MODEL_VARIABLE)
"""What the documentation calls the keys."""


class CredentialsError(Exception):
    """Keys that cannot be used as they are; the message names their place and never their text."""


class Secret:
    """A text that no log, traceback, record or other process gets to see by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the header of one request."""
        return self._text

    def __repr__(self) -> str:
        return "«hidden»"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not leave the process")


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys that were found.

    Attributes:
        archive_access: The Internet Archive's access key, or None.
        archive_secret: Its secret key; there if and only if the access key is.
        model: The language model's key, or None.
        sources: Where each was found, by the name that its variable has in the documentation.
    """

    archive_access: Secret | None
    archive_secret: Secret | None
    model: Secret | None
    sources: Mapping[str, str]


def load_secrets(environ: Mapping[str, str]) -> Secrets:
    """Look for the keys: in the environment first, then in the Internet Archive client's `ia.ini`.

    Args:
        environ: The environment, which also says where the home directory is.

    Raises:
        CredentialsError: One half of the archive's pair is missing in the place where the other was found, a key could
            not be sent in a header, or `ia.ini` cannot be read.
    """
    sources: dict[str, str] = {}
    access = secret = model = None
    pair = _pair_of_environment(environ) or _pair_of_file(environ)
    if pair is not None:
        access, secret, *places = pair
        sources |= dict(zip(SECRET_NAMES[:2], places, strict=True))
    found = _first(environ, (_MODEL_VARIABLE,))
    if found is not None:
        model = _checked(*found)
        sources[_MODEL_VARIABLE] = _MODEL_VARIABLE
    return Secrets(archive_access=access, archive_secret=secret, model=model, sources=sources)


_Pair = tuple[Secret, Secret, str, str]


def _pair_of_environment(environ: Mapping[str, str]) -> _Pair | None:
    access, secret = _first(environ, _ACCESS_VARIABLES), _first(environ, _SECRET_VARIABLES)
    # Half a pair from here and half from a file would be an account's name with another's password.
    if access is not None and secret is not None:
        return _checked(*access), _checked(*secret), access[1], secret[1]
    if access is not None:
        raise CredentialsError(f"{access[1]} is set, but {_SECRET_VARIABLES[0]} is not")
    if secret is not None:
        raise CredentialsError(f"{secret[1]} is set, but {_ACCESS_VARIABLES[0]} is not")
    return None


def _pair_of_file(environ: Mapping[str, str]) -> _Pair | None:
    path = next((path for path in _client_files(environ) if path.is_file()), None)
    if path is None:
        return None
    place = terminal_safe(str(path))
    # No interpolation: a % in a key is a %.
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        # The parser's own message quotes the lines it stumbles over, and with them the keys.
        raise CredentialsError(f"{place} cannot be read as the Internet Archive client's file") from None
    access = (parser.get("s3", "access", fallback="") or "").strip()
    secret = (parser.get("s3", "secret", fallback="") or "").strip()
    if not access and not secret:
        return None
    if not access or not secret:
        raise CredentialsError(f"{place} holds only one of the keys access and secret")
    return _checked(access, place), _checked(secret, place), place, place


def _client_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """The places where the official client looks, in its order (internetarchive 5, `config.py`)."""
    if environ.get("IA_CONFIG_FILE"):
        yield Path(environ["IA_CONFIG_FILE"])
    home = environ.get("HOME")
    configuration = Path(environ.get("XDG_CONFIG_HOME") or ".")
    if configuration.is_absolute():
        yield configuration / "internetarchive" / "ia.ini"
    elif home:
        yield Path(home, ".config", "internetarchive", "ia.ini")
    if home:
        yield Path(home, ".config", "ia.ini")
        yield Path(home, ".ia")


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str] | None:
    for name in names:
        text = environ.get(name, "").strip()
        if text:
            return text, name
    return None


def _checked(text: str, place: str) -> Secret:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise CredentialsError(f"what {place} holds cannot be a key")
    return Secret(text)
