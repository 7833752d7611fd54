"""Logs: one line per event, in the format that was chosen, whoever logs; nothing in them that came from outside."""

import json
import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.logs import JsonLines, PlainLines, describe_error, escape
from schema.errors import StoreUnavailableError

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
CANARY = "198.51.100.7"
PROGRAM = """
import asyncio, gc, logging, sys, threading, warnings
from footfall.logs import configure_logs
configure_logs("plain", "command")
configure_logs(sys.argv[1], "worker 1")
log, canary = logging.getLogger("footfall.test"), "198.51.100.7"

class Ends:
    def __del__(self):
        raise ValueError(canary)

def fail(*arguments):
    raise ValueError(canary)

async def loop():
    asyncio.get_running_loop().call_soon(fail, canary)
    asyncio.get_running_loop().create_task(asyncio.sleep(0)).add_done_callback(fail)
    await asyncio.sleep(0.01)

log.info("plain news")
log.warning("%d", canary)
logging.getLogger("uvicorn.error").warning("news of uvicorn")
logging.getLogger("uvicorn.error").info("chatter")
logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=ValueError(canary))
try:
    fail()
except ValueError:
    log.exception("it failed")
warnings.warn(canary)
thread = threading.Thread(target=fail)
thread.start()
thread.join()
Ends()
gc.collect()
asyncio.run(loop())
fail()
"""


def record(message: str, *arguments: object, name: str = "footfall.test", error: Exception | None = None) -> Any:
    info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord(name, logging.WARNING, __file__, 1, message, arguments, info)


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


def run(log_format: str) -> list[str]:
    """What a process with all kinds of news and mishaps says on stderr, line by line."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, log_format], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.splitlines()


def test_a_plain_line_has_time_level_logger_and_message() -> None:
    line = PlainLines(has_time=True).format(record("%s ended", "worker 1"))
    assert re.fullmatch(TIME + r" WARNING footfall\.test: worker 1 ended", line)


def test_a_journal_adds_the_time_itself() -> None:
    assert PlainLines(has_time=False).format(record("news")) == "WARNING footfall.test: news"


def test_a_json_line_is_an_object_with_these_fields() -> None:
    entry = json.loads(JsonLines("worker 1").format(record("%s ended", "it")))
    assert re.fullmatch(TIME, entry.pop("time"))
    assert isinstance(entry.pop("process"), int)
    assert entry == {"level": "WARNING", "logger": "footfall.test", "message": "it ended", "part": "worker 1"}


@pytest.mark.parametrize("formatter", [PlainLines(has_time=False), JsonLines("x")])
@pytest.mark.parametrize(
    "end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2J", "\u202e", "\0", "\x7f"]
)
def test_nothing_in_a_message_ends_its_line_or_commands_a_terminal(formatter: logging.Formatter, end: str) -> None:
    line = formatter.format(record("%s", f"one{end}ERROR footfall: forged", name=f"a{end}b"))
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert "forged" in line


@given(st.text())
def test_an_escaped_text_prints_and_one_that_prints_stays(text: str) -> None:
    assert escape(text).isprintable()
    assert escape(text) == text or not text.isprintable()


@given(st.text())
def test_a_json_line_is_json_whatever_the_message(text: str) -> None:
    line = JsonLines("x").format(record("%s", text))
    assert json.loads(line)["message"] == escape(text)
    assert len(line.splitlines()) == 1


def test_an_unexpected_error_is_told_by_type_and_place_and_not_by_its_message() -> None:
    error = raised(ValueError(CANARY), raised(KeyError(CANARY)))
    for formatter in (PlainLines(has_time=False), JsonLines("x")):
        line = formatter.format(record("it failed", error=error))
        assert CANARY not in line
        assert re.search(r"ValueError at test_logs\.py:\d+; from KeyError at test_logs\.py:\d+", line)


def test_an_error_of_ours_has_its_message_which_holds_nothing_of_a_visitor() -> None:
    assert describe_error(StoreUnavailableError("the store is down")).startswith(
        "StoreUnavailableError: the store is down at unknown"
    )


def test_errors_that_cause_each_other_in_a_circle_are_told_once() -> None:
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert describe_error(one) == "ValueError at unknown; from KeyError at unknown"


def test_the_event_loop_does_not_tell_the_arguments_of_what_it_called() -> None:
    line = PlainLines(has_time=False).format(record(f"Exception in callback received(b'{CANARY}')", name="asyncio"))
    assert CANARY not in line


@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_all_that_a_process_says_is_in_the_format_and_says_nothing_of_a_visitor(log_format: str) -> None:
    lines = run(log_format)
    assert not [line for line in lines if CANARY in line or "Traceback" in line]
    if log_format == "json":
        entries = [json.loads(line) for line in lines]
        assert {entry["part"] for entry in entries} == {"worker 1"}
        said = [(entry["logger"], entry["message"], entry.get("error", "").partition(" at ")[0]) for entry in entries]
    else:
        found = [re.fullmatch(TIME + r" [A-Z]+ ([a-z.]+): (.+?)(?: \((\w+) at .*\))?", line) for line in lines]
        said = [(match[1], match[2], match[3] or "") for match in found if match]
        assert len(said) == len(lines), lines
    unhandled = ("asyncio", "the event loop met a problem that nobody handled", "ValueError")
    assert said == [
        ("footfall.test", "plain news", ""),
        ("footfall.test", "%d", ""),
        ("uvicorn.error", "news of uvicorn", ""),
        ("uvicorn.error", "Exception in ASGI application", "ValueError"),
        ("footfall.test", "it failed", "ValueError"),
        ("footfall", f"UserWarning at <string>:{PROGRAM.splitlines().index('warnings.warn(canary)') + 1}", ""),
        ("footfall", "a thread failed", "ValueError"),
        ("footfall", "an error could not be passed on", "ValueError"),
        unhandled,
        unhandled,
        ("footfall", "the process failed", "ValueError"),
    ]
