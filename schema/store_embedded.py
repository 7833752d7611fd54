"""The Store on chDB, the ClickHouse engine in this process: one process per directory, one connection per thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chdb
from chdb import ChdbError

from schema.directory_lock import lock_directory
from schema.errors import StoreUnavailableError
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store

if TYPE_CHECKING:
    import pyarrow as pa

DATABASE = "footfall"

# Half of an insert of one small month is spent on the statement. To fill many at once is safe here, as no insert
# outlives its call.
_MONTHS_PER_INSERT = 60
# One block, so that each month's rows are one part and so all or nothing; synchronous: it is done when it returns.
_ONE_BLOCK = (
    "async_insert = 0, max_threads = 1, max_insert_threads = 1, max_block_size = 1000000,"
    " min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0,"
    f" max_partitions_per_insert_block = {_MONTHS_PER_INSERT}"
)


class EmbeddedStore:
    """chDB in `directory`. Opening takes a lock on the directory.

    Raises:
        DataDirInUseError: another process holds that lock.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = str(directory.resolve())
        self._lock = lock_directory(directory, "footfall.lock")
        self._guard = threading.Lock()
        self._connections: list[Any] = []
        self._local = threading.local()
        ((version,),) = self.query("SELECT version()")
        major, minor, *_ = version.split(".")
        self.capabilities = Capabilities((int(major), int(minor)), _MONTHS_PER_INSERT)

    @property
    def shards(self) -> Sequence[Store]:
        """Itself; see Store."""
        return (self,)

    @property
    def place(self) -> str:
        """There is only one; see Store."""
        return ""

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT; see Store."""
        table = self._run(sql, "ArrowTable", {name: _encode(value) for name, value in parameters.items()})
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing; see Store."""
        self._run(sql)

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert `rows` as one block; see Store. When the call returns, its parts are in place."""
        names = ", ".join(rows.column_names)
        self._run(f"INSERT INTO {table} ({names}) SELECT {names} FROM Python(rows) SETTINGS {_ONE_BLOCK}", rows=rows)

    def cancel(self, query_id: str) -> None:
        """Nothing to wait for: an insert runs in the thread that asked for it."""

    def close(self) -> None:
        """Close every thread's connection, with the last one the engine, and let go of the directory."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()
        os.close(self._lock)

    def _run(self, sql: str, output: str = "CSV", parameters: dict[str, str] | None = None, rows: Any = None) -> Any:
        """Run one statement on this thread's connection; the engine finds `rows` by its name in this frame."""
        try:
            return self._connection().query(sql, output, params=parameters)
        except (ChdbError, RuntimeError) as error:
            raise StoreUnavailableError(str(error).partition("\n")[0][:500]) from None

    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = chdb.connect(self._path)
            connection.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
            connection.query(f"USE {DATABASE}")
            with self._guard:
                self._connections.append(connection)
        return connection


def _encode(value: str | int | Sequence[str] | Sequence[int]) -> str:
    """Return `value` in the notation of a query parameter: TSV escapes, and quotes inside an array."""
    if isinstance(value, str):
        return _escape(value)
    if isinstance(value, int):
        return str(value)
    items = (str(item) if isinstance(item, int) else "'" + _escape(item).replace("'", "\\'") + "'" for item in value)
    return f"[{', '.join(items)}]"


def _escape(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\0", "\\0")):
        text = text.replace(plain, escaped)
    return text
