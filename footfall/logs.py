"""Logs: one line each on stderr, for people or as JSON, and nothing in them that could be a visitor's.

An error that nobody expected is told by its type and place: its message may quote what the error is about.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

import msgspec

from schema.errors import FootfallError

_MAX_PLACES = 8  # of an error: the innermost
_EVENT_LOOP = "asyncio"  # its messages are made of callbacks with their arguments, which may be a request's bytes

log = logging.getLogger("footfall")


def configure_logs(log_format: str, part: str) -> None:
    """Let all that this process logs, warns of or fails with go to stderr, as `plain` lines or as `json`.

    `part` names the process. May be called again, when the settings are known.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(part) if log_format == "json" else PlainLines(has_time=not _is_journal(sys.stderr)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.raiseExceptions = False  # or a line that cannot be written is told with all its arguments
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)  # its errors are ours to tell
    warnings.showwarning = _on_warning
    sys.excepthook = _on_error
    sys.unraisablehook = _on_unraisable
    threading.excepthook = _on_thread_error


def is_json() -> bool:
    """Whether JSON was asked for: then nothing else should be on stderr or stdout."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)


class PlainLines(logging.Formatter):
    """`TIME LEVEL logger: message (error)`; without the time where the reader adds one."""

    def __init__(self, *, has_time: bool) -> None:
        super().__init__()
        self._has_time = has_time

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = f"{_time_of(record)} " if self._has_time else ""
        error = f" ({found})" if (found := _error_of(record)) else ""
        return escape(f"{time}{record.levelname} {record.name}: {_message_of(record)}{error}")


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, process, part; and the error, if there is one."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry = {
            "time": _time_of(record),
            "level": record.levelname,
            "logger": escape(record.name),
            "message": escape(_message_of(record)),
            "process": record.process,
            "part": self._part,
        }
        if error := _error_of(record):
            entry["error"] = escape(error)
        return msgspec.json.encode(entry).decode()


def escape(text: str) -> str:
    """Return `text` with everything that does not print, line ends and terminal commands too, spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def describe_error(error: BaseException) -> str:
    """Return type and place of `error` and of what caused it. Only our own errors have their message with them."""
    return "; from ".join(_describe_one(each) for each in _with_causes(error))


def _describe_one(error: BaseException) -> str:
    message = f": {error}" if isinstance(error, FootfallError) else ""
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_PLACES:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__}{message} at {places or 'unknown'}"


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _message_of(record: logging.LogRecord) -> str:
    if record.name == _EVENT_LOOP:
        return "the event loop met a problem that nobody handled"
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a mistake in the call: its arguments stay out of it
        return str(record.msg)


def _error_of(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return "" if error is None else describe_error(error)


def _time_of(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_journal(stream: TextIO) -> bool:
    """Whether the other end is systemd's journal, which notes the time itself: it is the one that gives a socket."""
    try:
        return stat.S_ISSOCK(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def _on_warning(  # noqa: PLR0917 (this is how `warnings` calls it)
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning("%s at %s:%d", category.__name__, Path(filename).name, lineno)


def _on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("the process failed", exc_info=(kind, error, trace))


def _on_thread_error(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None:
        log.critical("a thread failed", exc_info=failure.exc_value)


def _on_unraisable(failure: sys.UnraisableHookArgs) -> None:
    log.error("an error could not be passed on", exc_info=failure.exc_value)
