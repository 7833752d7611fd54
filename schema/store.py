"""The Store: what the aggregator writes counts to and the dashboard reads them from, whichever ClickHouse it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from schema.server_url import ServerUrl, parse_server_urls
from schema.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

Row = tuple[Any, ...]
Parameters = Mapping[str, str | int | Sequence[str] | Sequence[int]]

NO_PARAMETERS: Parameters = {}


@dataclass(frozen=True)
class Capabilities:
    """What the engine knows, by its version, and takes: looked up once, used wherever SQL depends on it."""

    version: tuple[int, int]
    months_per_insert: int = 1  # how many months' partitions one insert may fill

    @property
    def has_low_cardinality(self) -> bool:
        """LowCardinality without an experimental flag."""
        return self.version >= (19, 14)

    @property
    def has_fsync(self) -> bool:
        """fsync_after_insert and its family on MergeTree."""
        return self.version >= (20, 11)

    @property
    def has_projections(self) -> bool:
        """Aggregate projections, used by default."""
        return self.version >= (22, 3)

    @property
    def lists_projections(self) -> bool:
        """Which projections tables have, and which parts have them, in system tables."""
        return self.version >= (24, 9)

    @property
    def has_async_insert(self) -> bool:
        """async_insert, which is on by default since 26.2 and must be off for us."""
        return self.version >= (21, 11)


class Store(Protocol):
    """One database of rollups. Safe to use from several threads."""

    @property
    def capabilities(self) -> Capabilities:
        """What the engine knows; after a server was upgraded, something else."""

    @property
    def shards(self) -> Sequence[Store]:
        """The stores that it consists of, which share nothing; see schema/shards.py. Itself, mostly."""

    @property
    def place(self) -> str:
        """Where the next query is answered: if it is the same before and after, all between was answered there."""

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT. Values are bound: `{name:Type}` in the SQL, `name` in `parameters`.

        Raises:
            StoreUnavailableError: no answer, or an error from the server.
        """

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing.

        Raises:
            StoreUnavailableError: no answer, or an error from the server.
        """

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert `rows`, whose columns are named as the table's, as one block: of each month all rows or none.

        Raises:
            StoreUnavailableError: of some months nothing was inserted, mostly of none anything.
            OutcomeUnknownError: sent, but whether it happened is not known.
        """

    def cancel(self, query_id: str) -> None:
        """Return once no insert with this id is running any more."""

    def close(self) -> None:
        """Let go of the database."""


def is_embedded(settings: Settings) -> bool:
    """Whether the store is in a process of ours, in data_dir, and so for one process at a time."""
    return settings.store.url.startswith("chdb:")


def open_store(settings: Settings) -> Store:
    """Open the store that `store.url` names.

    Raises:
        DataDirInUseError: another process has the embedded store open.
        SettingError: the url is malformed.
        StoreUnavailableError: the server does not answer.
    """
    if is_embedded(settings):
        # 300 MB of engine, only for who opens it.
        from schema.store_embedded import EmbeddedStore

        return EmbeddedStore(settings.warehouse_dir)
    return _open_servers(parse_server_urls(settings.store.url))


def open_reading_store(settings: Settings) -> Store:
    """Open the store for a process that only reads: as the user of `store.read_url`, if there is one; else as above.

    Raises:
        as open_store.
    """
    if is_embedded(settings) or not settings.store.read_url:
        return open_store(settings)
    return _open_servers(parse_server_urls(settings.store.read_url, "store.read_url"))


def _open_servers(urls: Sequence[ServerUrl]) -> Store:
    if urls[0].cluster:
        from schema.store_cluster import ClusterStore

        return ClusterStore(urls)
    from schema.store_server import ServerStore

    return ServerStore(urls[0])
