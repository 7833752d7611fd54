"""Chromium over a pipe, with no debugger attached to its pages: one makes a page remember where each call came from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FLAGS = (
    "--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-extensions",
    "--disable-background-networking", "--remote-debugging-pipe",
)  # fmt: skip
_TO_BROWSER, _FROM_BROWSER = 3, 4  # the descriptors that Chromium reads from and writes to


class PipedChromium:
    """Speaks the DevTools protocol with the browser itself; messages end with a zero byte."""

    def __init__(self, write_fd: int, read_fd: int) -> None:
        self._write_fd, self._read = write_fd, os.fdopen(read_fd, "rb")
        self._rest, self._number = b"", 0
        self._events: list[dict[str, Any]] = []
        self.version = str(self.call("Browser.getVersion")["product"]).rpartition("/")[2]

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the result of a command.

        Raises:
            RuntimeError: the browser refuses, or has ended.
        """
        self._number += 1
        message = json.dumps({"id": self._number, "method": method, "params": parameters})
        os.write(self._write_fd, message.encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        found: dict[str, Any] = answer["result"]
        return found

    def trace(self, categories: tuple[str, ...]) -> None:
        """Begin to trace all of the browser's processes."""
        self._events.clear()
        kept = {"recordMode": "recordUntilFull", "traceBufferSizeInKb": 1_000_000}
        config = {"includedCategories": categories, "excludedCategories": ["*"], **kept}
        self.call("Tracing.start", traceConfig=config, transferMode="ReportEvents")

    def traced(self) -> list[dict[str, Any]]:
        """End the trace, and return its events."""
        self.call("Tracing.end")
        while not any(event["method"] == "Tracing.tracingComplete" for event in self._events):
            self._events.append(self._next())
        parts = (event["params"]["value"] for event in self._events if event["method"] == "Tracing.dataCollected")
        return [event for part in parts for event in part]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not (more := os.read(self._read.fileno(), 1 << 20)):
                raise RuntimeError("the browser has ended")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def piped_chromium() -> Iterator[PipedChromium]:
    """Start a browser without a past, and end it."""
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="footfall-chromium-", ignore_cleanup_errors=True) as directory:
        command = [shutil.which("chromium") or "chromium", *_FLAGS, f"--user-data-dir={directory}", "about:blank"]
        redirect = f'exec "$@" {_TO_BROWSER}<&{to_read} {_FROM_BROWSER}>&{from_write}'
        process = subprocess.Popen(
            ["bash", "-c", redirect, "bash", *command], pass_fds=(to_read, from_write), stderr=subprocess.DEVNULL
        )
        os.close(to_read)
        os.close(from_write)
        browser = PipedChromium(to_write, from_read)
        try:
            yield browser
        finally:
            browser.call("Browser.close")
            process.wait(30)
            os.close(to_write)
