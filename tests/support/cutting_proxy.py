"""A proxy in front of a server that ends a connection, without a word, at a byte of either direction."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

FROM_CLIENT, FROM_SERVER = "from the client", "from the server"
_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Cut:
    """End the connection after so many more bytes in this direction; with a reset, or as if it were over."""

    direction: str
    after: int
    reset: bool


class CuttingProxy:
    """Passes bytes on between clients of its port and the server's; `cut_next` arms it once."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts_done = 0
        self.passed = {FROM_CLIENT: 0, FROM_SERVER: 0}  # bytes
        self._cut: Cut | None = None
        self._guard = threading.Lock()
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next(self, cut: Cut | None) -> None:
        """Cut the connection over which the bytes come that reach the count, whichever it is."""
        with self._guard:
            self._cut = cut

    def close(self) -> None:
        """End everything."""
        self._listener.close()
        for ended in list(self._sockets):
            _end(ended, reset=False)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), 5)
        except OSError:
            client.close()
            return
        pair = {client: (FROM_CLIENT, server), server: (FROM_SERVER, client)}
        self._sockets |= set(pair)
        with contextlib.suppress(OSError), selectors.DefaultSelector() as ready:
            for side in pair:
                side.settimeout(None)
                ready.register(side, selectors.EVENT_READ)
            while all(self._pass_on(key.fileobj, *pair[key.fileobj]) for key, _ in ready.select()):  # type: ignore[index, arg-type]
                pass
        for side in pair:
            _end(side, reset=False)
        self._sockets -= set(pair)

    def _pass_on(self, source: socket.socket, direction: str, target: socket.socket) -> bool:
        """Pass on what has come; return whether the connection goes on."""
        found = source.recv(_CHUNK)
        if not found:
            return False
        with self._guard:
            cut = self._cut if self._cut is not None and self._cut.direction == direction else None
            passed = found if cut is None else found[: cut.after]
            if cut is not None:
                cut.after -= len(passed)
                if cut.after > 0:
                    cut = None
                else:
                    self._cut = None
                    self.cuts_done += 1
            self.passed[direction] += len(passed)
        target.sendall(passed)
        if cut is not None:
            for side in (source, target):
                _end(side, reset=cut.reset)
        return cut is None


def _end(side: socket.socket, *, reset: bool) -> None:
    with contextlib.suppress(OSError):
        if reset:
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        else:
            side.shutdown(socket.SHUT_RDWR)
    side.close()


@contextmanager
def cutting_proxy(server_port: int) -> Iterator[CuttingProxy]:
    """The proxy, running."""
    proxy = CuttingProxy(server_port)
    try:
        yield proxy
    finally:
        proxy.close()
