"""HTTP as bytes: requests sent just as they are, whole, in parts or late, and the answers that come back."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterable

from support.processes import wait_until

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")  # a body of ours never looks like this


def address_of(text: str) -> tuple[str, int]:
    """Return `host:port` as a socket takes it."""
    host, _, port = text.rpartition(":")
    return host, int(port)


def statuses_in(received: bytes | bytearray) -> list[int]:
    """Return the status codes of all answers in what was received."""
    return [int(status) for status in STATUS.findall(received)]


def make_request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """Return a request with a Host, these header lines, and nothing that they do not say."""
    lines = [f"{method} {path} HTTP/1.1", "Host: collector.example", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def make_chunks(parts: Iterable[bytes]) -> bytes:
    """Return a chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class Client:
    """One connection, and all that was received on it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.received = b""
        self.is_closed = False
        self._connected = time.monotonic()
        self._socket = socket.create_connection(address, timeout=30)
        self._socket.setblocking(False)
        self.lasted = 0.0  # seconds from connecting to the end, once it was seen

    def send(self, content: bytes) -> None:
        """Send, if the other end still listens."""
        try:
            self._socket.setblocking(True)
            self._socket.sendall(content)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self._socket.setblocking(False)

    def look(self) -> bool:
        """Take in what has come; return whether the connection has ended."""
        try:
            while not self.is_closed:
                part = self._socket.recv(65536)
                self.received += part
                self._note_end(not part)
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self._note_end(True)
        return self.is_closed

    def _note_end(self, is_end: bool) -> None:
        if is_end:
            self.is_closed, self.lasted = True, time.monotonic() - self._connected

    @property
    def statuses(self) -> list[int]:
        """The status codes of all answers so far."""
        self.look()
        return statuses_in(self.received)

    def wait_for_end(self, seconds: float = 30) -> list[int]:
        """Return the status codes of all answers, once the other end has closed the connection."""
        wait_until(self.look, seconds, "the connection is closed")
        return self.statuses

    def wait_for(self, count: int, seconds: float = 30) -> list[int]:
        """Return the status codes, once there are `count`."""
        wait_until(lambda: len(self.statuses) >= count, seconds, f"{count} answers came")
        return self.statuses

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


def exchange(address: tuple[str, int], content: bytes, seconds: float = 30) -> list[int]:
    """Send, and return the status codes of all answers until the other end closes the connection."""
    client = Client(address)
    try:
        client.send(content)
        return client.wait_for_end(seconds)
    finally:
        client.close()
