"""What a command says on stderr besides its result.

Text from outside may stand in any message, so that every line is made safe for a terminal here, and nowhere else.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
from typing import Literal

from trio_pipeline.cli.options import LogOptions
from trio_pipeline.diario.quoting import terminal_safe

__all__ = ["set_up_logging"]

_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created).astimezone()
        lines = [f"{moment:%H:%M:%S} {terminal_safe(record.getMessage())}"]
        if record.exc_info:
            lines += map(terminal_safe, self.formatException(record.exc_info).split("\n"))
        return "\n".join(lines)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        fields = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=True)


def set_up_logging(options: LogOptions) -> None:
    """Write the log to stderr, as much of it and in the form that was asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(options.format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS.get(options.verbosity, logging.DEBUG))
    # A line for each request is for those who ask twice.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET if options.verbosity > 1 else logging.WARNING)


def _formatter(form: Literal["text", "json"]) -> logging.Formatter:
    return _JsonFormatter() if form == "json" else _TextFormatter()
