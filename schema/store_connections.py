"""Connections to a ClickHouse server with clickhouse-driver: one per thread, made when needed, dropped when broken."""

from __future__ import annotations

import re
import ssl
import threading
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, NetworkError, ServerException, SocketTimeoutError

from schema.errors import SettingError, StoreUnavailableError
from schema.server_url import ServerUrl
from schema.store import Capabilities

# What says nothing about whether a statement ran: the connection ended, or what came over it makes no sense.
BROKEN = (Error, EOFError, OSError)
_PING_SECONDS = 5
_UNTRUSTED = re.compile(r"certificate verify failed: (.+?)(?: \(_ssl|$)")
_WRONG_LOGIN = (192, 193, 194, 516)  # codes of an unknown user, a wrong or missing password, failed authentication


class Connections:
    """The connections of one store. What the server can do is read from each new connection's greeting."""

    def __init__(self, url: ServerUrl) -> None:
        self.url = url
        self._arguments = _arguments(url)
        self._local = threading.local()
        self._guard = threading.Lock()
        self._clients: list[Client] = []
        self._version: tuple[int, int] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do that answered last: another one after an upgrade."""
        assert self._version is not None, "nothing was asked of the server yet"
        return Capabilities(self._version)

    def execute(self, *arguments: Any, **keywords: Any) -> Any:
        """Run on this thread's connection, which is dropped if anything breaks.

        Raises:
            ServerException: the server has refused.
            BROKEN: no answer; a statement that was sent may have run.
        """
        client = self._client()
        try:
            found = client.execute(*arguments, **keywords)
        except ServerException:
            raise
        except BROKEN:
            self._forget(client)
            raise
        self._note_version(client)
        return found

    def execute_without_database(self, sql: str) -> Any:
        """Run on a connection of its own that names no database: one that does not exist yet cannot be used."""
        client = Client(**{**self._arguments, "database": ""})
        try:
            found = client.execute(sql)
            self._note_version(client)
            return found
        finally:
            client.disconnect()

    def close(self) -> None:
        """Close every thread's connection."""
        with self._guard:
            for client in self._clients:
                client.disconnect()
            self._clients.clear()
        self._local = threading.local()

    def unavailable(self, error: Exception) -> StoreUnavailableError:
        """Return what `error` means for whoever runs Footfall."""
        if isinstance(error, ServerException):
            hint = "check user and password in store.url" if error.code in _WRONG_LOGIN else ""
            return StoreUnavailableError(describe(error), hint=hint)
        return StoreUnavailableError(f"ClickHouse at {self.url.address} (store.url) does not answer: {_reason(error)}")

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = Client(**self._arguments)
            with self._guard:
                self._clients.append(client)
        return client

    def _forget(self, client: Client) -> None:
        """Drop a connection whose state is unknown; the next call opens another."""
        client.disconnect()
        with self._guard:
            if client in self._clients:
                self._clients.remove(client)
        self._local.client = None

    def _note_version(self, client: Client) -> None:
        server = client.connection.server_info
        self._version = (server.version_major, server.version_minor)


def describe(error: ServerException) -> str:
    """Return the server's code and the first line of what it says."""
    return f"code {error.code}: {str(error.message).partition(chr(10))[0][:500]}"


def _reason(error: Exception) -> str:
    """Return the kind of error, and of a certificate that is not trusted what is wrong with it."""
    if found := _UNTRUSTED.search(str(getattr(error, "message", error))):
        return f"its certificate is not trusted ({found[1]})"
    names = {SocketTimeoutError: "timed out", TimeoutError: "timed out", NetworkError: "no connection"}
    return names.get(type(error), type(error).__name__)


def _arguments(url: ServerUrl) -> dict[str, Any]:
    """Return what a client is made with."""
    if url.ca:
        try:
            ssl.create_default_context(cafile=url.ca)
        except (OSError, ssl.SSLError):
            raise SettingError("store.url ?ca", url.ca, "a readable file of certificates (PEM)") from None
    return {
        "host": url.host,
        "port": url.port,
        "user": url.user,
        "password": url.password,
        "database": url.database,
        "secure": url.secure,
        "verify": url.verify,
        "ca_certs": url.ca or None,
        "compression": "lz4" if url.compression == "lz4" else False,
        "connect_timeout": url.connect_timeout,
        "send_receive_timeout": url.timeout,
        "sync_request_timeout": min(_PING_SECONDS, url.timeout),
        "client_name": "footfall",
    }
