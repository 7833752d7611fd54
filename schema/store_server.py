"""The Store on a ClickHouse server, over the native protocol with clickhouse-driver: one connection per thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, NetworkError, ServerException, SocketTimeoutError

from schema.bind import bind_parameters
from schema.errors import OutcomeUnknownError, StoreUnavailableError
from schema.server_url import ServerUrl, parse_server_url
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row

if TYPE_CHECKING:
    import pyarrow as pa

_BROKEN = (NetworkError, SocketTimeoutError, EOFError, OSError)


class ServerStore:
    """ClickHouse at `url`; the database is created if it is not there.

    Raises:
        SettingError: the url is malformed.
        StoreUnavailableError: no answer.
    """

    def __init__(self, url: str) -> None:
        self._arguments = _arguments(parse_server_url(url))
        self._local = threading.local()
        self._guard = threading.Lock()
        self._clients: list[Client] = []
        self.capabilities = Capabilities(self._prepare())

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT; see Store."""
        return [tuple(row) for row in self._run(bind_parameters(sql, parameters))]

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing; see Store."""
        self._run(sql)

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert `rows` as one block; see Store."""
        columns = [column.to_pylist() for column in rows.columns]
        settings: dict[str, int] = {"insert_block_size": max(1, rows.num_rows)}
        if self.capabilities.has_async_insert:
            settings["async_insert"] = 0
        client = self._client()
        try:
            client.execute(
                f"INSERT INTO {table} ({', '.join(rows.column_names)}) VALUES",
                columns,
                columnar=True,
                query_id=query_id,
                settings=settings,
            )
        except ServerException as error:
            raise StoreUnavailableError(f"insert {query_id}: {_describe(error)}") from None
        except _BROKEN as error:
            self._forget(client)
            raise OutcomeUnknownError(query_id, type(error).__name__) from None

    def cancel(self, query_id: str) -> None:
        """Return once no insert with this id is running any more; see Store."""
        self._run(f"KILL QUERY WHERE query_id = {bind_parameters('{id:String}', {'id': query_id})} SYNC")

    def close(self) -> None:
        """Close every thread's connection."""
        with self._guard:
            for client in self._clients:
                client.disconnect()
            self._clients.clear()
        self._local = threading.local()

    def _run(self, sql: str) -> Any:
        client = self._client()
        try:
            return client.execute(sql)
        except ServerException as error:
            raise StoreUnavailableError(_describe(error)) from None
        except (Error, *_BROKEN) as error:
            self._forget(client)
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> StoreUnavailableError:
        host, port = self._arguments["host"], self._arguments["port"]
        return StoreUnavailableError(f"ClickHouse at {host}:{port} (store.url) does not answer: {type(error).__name__}")

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
            self._clients.remove(client)
        self._local.client = None

    def _prepare(self) -> tuple[int, int]:
        """Create the database, and return the server's version."""
        database = self._arguments["database"]
        first = Client(**{**self._arguments, "database": ""})
        try:
            first.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
            ((version,),) = first.execute("SELECT version()")
        except (Error, *_BROKEN) as error:
            raise self._unreachable(error) from None
        finally:
            first.disconnect()
        major, minor, *_ = version.split(".")
        return int(major), int(minor)


def _arguments(url: ServerUrl) -> dict[str, Any]:
    """Return what a client is made with."""
    return {
        "host": url.host,
        "port": url.port,
        "user": url.user,
        "password": url.password,
        "database": url.database,
        "secure": url.secure,
        "verify": url.verify,
        "connect_timeout": url.connect_timeout,
        "send_receive_timeout": url.timeout,
    }


def _describe(error: ServerException) -> str:
    """Return the server's code and the first line of what it says."""
    return f"code {error.code}: {str(error.message).partition(chr(10))[0][:500]}"
