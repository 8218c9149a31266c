"""What a command says on stderr besides its result.

Text from outside may stand in any message, so that every line is made safe for a terminal here, and nowhere else; and
names that no output shows are taken out of it here.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
from typing import Any

from trio_pipeline.cli.options import LogOptions
from trio_pipeline.diario.quoting import terminal_safe
from trio_pipeline.diario.suppression import Suppression

__all__ = ["set_up_logging"]

_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


class _Formatter(logging.Formatter):
    """Whatever the form, what is suppressed stands in no message and in no traceback."""

    def __init__(self, suppression: Suppression) -> None:
        super().__init__()
        self._suppression = suppression

    def message_of(self, record: logging.LogRecord) -> str:
        return self._suppression.mask(record.getMessage())

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- logging's name
        return self._suppression.mask(super().formatException(ei))


class _TextFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created).astimezone()
        lines = [f"{moment:%H:%M:%S} {terminal_safe(self.message_of(record))}"]
        if record.exc_info:
            lines += map(terminal_safe, self.formatException(record.exc_info).split("\n"))
        return "\n".join(lines)


class _JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        fields = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message_of(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=True)


def set_up_logging(options: LogOptions, suppression: Suppression) -> None:
    """Write the log to stderr, as much of it and in the form that was asked for, without what is suppressed."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(suppression) if options.format == "json" else _TextFormatter(suppression))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS.get(options.verbosity, logging.DEBUG))
    # A line for each request is for those who ask twice.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET if options.verbosity > 1 else logging.WARNING)
