"""The query language of the archive's search, as far as its users write it.

`key:value`, `key:"a phrase"`, `key:(one OR other)`, words without a key, `*` and `?`, AND, OR, NOT, a minus sign and
parentheses; terms beside each other must all hold. Ranges, boosts and the like, which the real one knows, are refused,
so that nobody takes a question that was not understood for one that nothing answers.

Pure: this file does not know what is searched.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

__all__ = ["Query", "QueryError", "Record", "parse_query"]

Record: TypeAlias = Mapping[str, Sequence[str]]
"""The values of each key."""

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:\\.|[^"\\])*")|(?P<mark>[():])|(?P<word>(?:\\.|[^\s"():\\])+))')
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_UNKNOWN = re.compile(r"[\[\]{}^~/]|&&|\|\|")
_DEEPEST = 50
# Looked at whole; everything else is text, of which words are looked for.
_WHOLE = frozenset({"identifier", "md5", "sha1", "name"})


class QueryError(ValueError):
    """A text that is no query, or one that is not understood here. The message says where."""


class Query(Protocol):
    """What a record must fulfil."""

    def matches(self, record: Record) -> bool:
        """Whether it does."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A word, a phrase or a pattern, in the values of a key, or of any if there is none."""

    key: str
    text: str
    is_phrase: bool

    def matches(self, record: Record) -> bool:
        if self.key in {"", "*"}:
            return any(self._is_in(key, value) for key, values in record.items() for value in values)
        return any(self._is_in(self.key, value) for value in record.get(self.key, ()))

    def _is_in(self, key: str, value: str) -> bool:
        wanted, value = self.text.casefold(), value.casefold()
        if not self.is_phrase and "[" not in wanted and re.search(r"[*?]", wanted):
            pieces = [value] if key in _WHOLE else [value, *_words(value)]
            return any(fnmatch.fnmatchcase(piece, wanted) for piece in pieces)
        if key in _WHOLE:
            return wanted == value
        return f" {' '.join(_words(wanted))} " in f" {' '.join(_words(value))} "


@dataclass(frozen=True, slots=True)
class _All:
    parts: tuple[Query, ...]

    def matches(self, record: Record) -> bool:
        return all(part.matches(record) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Any:
    parts: tuple[Query, ...]

    def matches(self, record: Record) -> bool:
        return any(part.matches(record) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Not:
    part: Query

    def matches(self, record: Record) -> bool:
        return not self.part.matches(record)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def parse_query(text: str) -> Query:
    """Read a query.

    Raises:
        QueryError: It cannot be read.
    """
    parser = _Parser(_tokens(text))
    query = parser.either("")
    if parser.next_is():
        raise QueryError(f"{parser.peek()!r} is not expected here")
    return query


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError(f"not understood: {text[position:].strip()[:40]!r}")
        word = match["word"]
        if word is not None and _UNKNOWN.search(re.sub(r"\\.", "", word)):
            raise QueryError(f"not understood: {word[:40]!r}")
        tokens.append(match[0].lstrip())
        position = match.end()
    return tokens


class _Parser:
    """Reads tokens from the left; the deeper the method, the tighter what it reads is bound."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def peek(self) -> str:
        return self._tokens[self._position] if self.next_is() else ""

    def next_is(self) -> bool:
        return self._position < len(self._tokens)

    def either(self, key: str) -> Query:
        parts = [self._together(key)]
        while self.peek() == "OR":
            self._position += 1
            parts.append(self._together(key))
        return parts[0] if len(parts) == 1 else _Any(tuple(parts))

    def _together(self, key: str) -> Query:
        parts = [self._one(key)]
        while self.next_is() and self.peek() not in {"OR", ")"}:
            if self.peek() == "AND":
                self._position += 1
            parts.append(self._one(key))
        return parts[0] if len(parts) == 1 else _All(tuple(parts))

    def _one(self, key: str) -> Query:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryError("too many parentheses")
        query = self._not_so_deep(key)
        self._depth -= 1
        return query

    def _not_so_deep(self, key: str) -> Query:
        piece = self._take()
        if piece in {"NOT", "-"}:
            return _Not(self._one(key))
        if piece == "(":
            return self._inside(key)
        if piece in {")", ":", "AND", "OR"}:
            raise QueryError(f"{piece!r} is not expected here")
        if piece.startswith("-"):
            return _Not(self._named(piece[1:], key))
        return self._named(piece, key)

    def _named(self, piece: str, key: str) -> Query:
        """A term, or what stands behind a key and its colon."""
        if self.peek() != ":":
            return _term(key, piece)
        if key or not (piece == "*" or _KEY.fullmatch(piece)):
            raise QueryError(f"{piece!r} is not a key here")
        self._position += 1
        if self.peek() in {"NOT", "AND", "OR"} or self.peek().startswith("-"):
            raise QueryError(f"{piece!r} has no value")
        return self._one(piece)

    def _inside(self, key: str) -> Query:
        query = self.either(key)
        if self._take() != ")":
            raise QueryError("a parenthesis is not closed")
        return query

    def _take(self) -> str:
        piece = self.peek()
        if not piece:
            raise QueryError("something is missing at the end")
        self._position += 1
        return piece


def _term(key: str, token: str) -> _Term:
    is_phrase = token.startswith('"')
    text = token[1:-1] if is_phrase else token
    return _Term(key, re.sub(r"\\(.)", r"\1", text), is_phrase)
