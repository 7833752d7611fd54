"""One replica of a shard: a ClickHouse server with the shard's own tables, opened when it answers, left if not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from schema.cluster_layout import SELECT_MACROS, Place, check_layout
from schema.errors import StoreUnavailableError
from schema.rollups import ROLLUPS
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store
from schema.store_server import ServerStore

if TYPE_CHECKING:
    import pyarrow as pa

PROBE_SECONDS = 5  # for a server to say that it is there
AWAY_SECONDS = 2.0  # before a replica that did not answer is asked again
_CREATES = "CREATE TABLE IF NOT EXISTS "
# Whether the replica has all that ZooKeeper's log says was written, and all deletions. One that starts is read-only
# before it knows; one that has lost its session knows nothing of what the others were sent.
# A log with a single entry has the maximum 0, as an empty one: of a table's first insert only, others may be behind.
_SELECT_CURRENT = (
    "SELECT count(), sum(inserts_in_queue + part_mutations_in_queue + (0 < log_max_index"
    " AND log_pointer <= log_max_index)) + sum(is_readonly AND NOT is_session_expired), sum(is_session_expired)"
    " FROM system.replicas WHERE database = currentDatabase()"
)
_SELECT_TWINS = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND substring(name, 1, 1) != '.'"
    " AND name != 'layout'"
)

Prepare = Callable[["Replica"], None]


class State(Enum):
    """How much of what its shard was sent a replica has."""

    AWAY = "it does not answer"
    BEHIND = "it lacks something"
    BLIND = "it has lost ZooKeeper, and cannot know"
    CURRENT = "it has everything"


class Replica:
    """The shard's tables on one server; see Store. Asking it opens it, and what it needs first is done then."""

    def __init__(self, at: Place) -> None:
        self.at = at
        self.prepare: Prepare | None = None  # run whenever it is opened
        self._guard = threading.RLock()
        self._local: ServerStore | None = None
        self._whole: ServerStore | None = None
        self._probe: ServerStore | None = None  # the same as `_local`, with little patience
        self._asked_again_at = 0.0
        self._trouble = ""

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do; see Store."""
        return self._open().capabilities

    @property
    def shards(self) -> Sequence[Store]:
        """Itself; see Store."""
        return (self,)

    @property
    def place(self) -> str:
        """The replica's name; see Store."""
        return self.at.name

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT of the shard's own tables; see Store."""
        return self._open().query(sql, parameters)

    def query_whole(self, sql: str, parameters: Parameters) -> list[Row]:
        """Return the rows of a SELECT that this server answers for all shards."""
        self._open()
        whole = self._whole
        if whole is None:
            raise StoreUnavailableError(self._trouble)
        return whole.query(sql, parameters)

    def execute(self, sql: str) -> None:
        """Run a statement on this server's tables; a table that it creates can be read from all shards as well."""
        self._open().execute(sql)
        if sql.startswith(_CREATES):
            self.create_twin(sql.removeprefix(_CREATES).split(maxsplit=1)[0])

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert `rows` as one block; see Store."""
        self._open().insert(table, rows, query_id)

    def cancel(self, query_id: str) -> None:
        """Return once no insert with this id is running any more; see Store."""
        self._open().cancel(query_id)

    def close(self) -> None:
        """Let go of the server."""
        with self._guard:
            for store in (self._local, self._whole, self._probe):
                if store is not None:
                    store.close()
            self._local = self._whole = self._probe = None

    def leave(self, reason: str) -> None:
        """Let go of a server that does not answer, and ask nothing of it for a while."""
        with self._guard:
            self.close()
            self._trouble = reason
            self._asked_again_at = time.monotonic() + AWAY_SECONDS

    def is_there(self) -> bool:
        """Whether the server answers; if not, it is left."""
        try:
            self._open()
            if self._probe is not None:
                self._probe.execute("SELECT 1")
        except StoreUnavailableError as error:
            if self._local is not None:
                self.leave(str(error))
            return False
        return True

    def is_current(self) -> bool:
        """Whether the server answers and lacks nothing that was written to another replica."""
        return self.state() is State.CURRENT

    def state(self) -> State:
        """What the server knows of itself."""
        probe = self._probe if self.is_there() else None
        if probe is None:
            return State.AWAY
        try:
            ((tables, behind, blind),) = probe.query(_SELECT_CURRENT)
        except StoreUnavailableError:
            return State.AWAY
        if tables < len(ROLLUPS) or behind:
            return State.BEHIND
        return State.BLIND if blind else State.CURRENT

    def engine(self, table: str) -> str:
        """Return the engine of a replicated table on this server."""
        return self.at.engine(table, self.query(SELECT_MACROS))

    def create_twin(self, table: str) -> None:
        """Create what reads `table` from all shards, or create it anew if the table has other columns now."""
        columns = "SELECT name, type FROM system.columns WHERE database = {d:String} AND table = {t:String}"
        own, twin = (
            self.query(columns, {"d": database, "t": table})
            for database in (self.at.local.database, self.at.url.database)
        )
        if twin and sorted(own) != sorted(twin):
            self._open().execute(f"DROP TABLE IF EXISTS {self.at.url.database}.{table}")
        if sorted(own) != sorted(twin):
            self._open().execute(self.at.twin(table))

    def create_twins(self) -> None:
        """Do so for every table."""
        for (table,) in self.query(_SELECT_TWINS):
            self.create_twin(table)

    def record_layout(self) -> None:
        """Note for which place the tables are made, once."""
        self.execute_local("CREATE TABLE IF NOT EXISTS layout (shard UInt32, shards UInt32) ENGINE = TinyLog")
        if not self.query("SELECT shard FROM layout"):
            self.execute_local(f"INSERT INTO layout SELECT {self.at.shard}, {self.at.shards}")

    def execute_local(self, sql: str) -> None:
        """Run a statement on this server's tables, and nothing else."""
        self._open().execute(sql)

    def _open(self) -> ServerStore:
        with self._guard:
            if self._local is not None:
                return self._local
            if time.monotonic() < self._asked_again_at:
                raise StoreUnavailableError(self._trouble)
            try:
                self._probe = ServerStore(replace(self.at.local, timeout=min(PROBE_SECONDS, self.at.url.timeout)))
                self._whole = ServerStore(self.at.url)
                self._local = ServerStore(self.at.local)
                self._check()
                if self.prepare is not None:
                    self.prepare(self)
            except StoreUnavailableError as error:
                self.leave(str(error))
                raise
            except BaseException:
                self.close()
                raise
            return self._local

    def _check(self) -> None:
        if self.query("SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'layout'"):
            check_layout(self.at, self.query("SELECT shard, shards FROM layout"))
