"""The Store on a cluster: what is asked of a site goes to its shard, what is asked of all is read by the servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from schema.cluster_layout import SELECT_LAYOUT, places
from schema.errors import OutcomeUnknownError, RetryError, SettingError, ShardUnavailableError, StoreUnavailableError
from schema.server_url import ServerUrl, parse_server_urls
from schema.shards import rows_of_shard, shard_of
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store
from schema.store_replica import Prepare, Replica
from schema.store_server import ServerStore
from schema.store_shard import ShardStore

if TYPE_CHECKING:
    import pyarrow as pa

Answer = TypeVar("Answer")

# The servers read another shard from its first replica that answers, which `check_in_order` has looked at.
_IN_ORDER = " SETTINGS load_balancing = 'in_order'"


class ClusterStore:
    """The cluster that `url` names; one of its hosts has to answer, to say which others there are.

    Raises:
        SettingError: the url is malformed, or the servers know no such cluster.
        StoreUnavailableError: none of the hosts answers.
    """

    def __init__(self, url: str | Sequence[ServerUrl]) -> None:
        seeds = parse_server_urls(url) if isinstance(url, str) else url
        shards = _ask_first(seeds, lambda server: places(server.url, _layout(server)))
        self._shards = tuple(ShardStore([Replica(place) for place in replicas]) for replicas in shards)

    @property
    def capabilities(self) -> Capabilities:
        """What the first shard that answers can do; see Store."""
        return self._first(lambda shard: shard.capabilities)

    @property
    def shards(self) -> Sequence[Store]:
        """The shards, by number; see Store."""
        return self._shards

    @property
    def place(self) -> str:
        """Nothing of its own: what has to be of one instant is asked of shards; see Store."""
        return ""

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT; see Store. With a bound `site`, those of its shard; else those of all.

        Raises:
            ShardUnavailableError: a shard that is needed is away: no rows rather than some.
        """
        site = parameters.get("site")
        if isinstance(site, str):
            return self._shards[shard_of(site, len(self._shards))].query(sql, parameters)
        for shard in self._shards:
            shard.check_in_order()
        asked = sql if " SETTINGS " in sql or not sql.startswith("SELECT") else sql + _IN_ORDER
        return self._shards[0].choose().query_whole(asked, parameters)

    def execute(self, sql: str) -> None:
        """Run a statement on every shard; see Store."""
        self._on_each(self._shards, lambda shard: shard.execute(sql))

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert each shard's part of `rows` there, as one block; see Store. All or nothing holds for each shard."""
        numbers = range(len(self._shards))
        parts = {self._shards[n]: rows_of_shard(rows, n, len(self._shards)) for n in numbers}
        filled = [shard for shard, part in parts.items() if part.num_rows]
        self._on_each(filled, lambda shard: shard.insert(table, parts[shard], query_id))

    def cancel(self, query_id: str) -> None:
        """Return once no insert with this id is running on any shard; see Store."""
        self._on_each(self._shards, lambda shard: shard.cancel(query_id))

    def close(self) -> None:
        """Let go of every server."""
        for shard in self._shards:
            shard.close()

    def prepare_replicas(self, prepare: Callable[[Replica, Sequence[Replica]], None]) -> None:
        """Call `prepare` with each replica that answers and the other replicas of its shard, now and whenever one is
        opened again: what was away gets what it lacks before anything else is asked of it.

        Raises:
            ShardUnavailableError: none answers at all. A shard that is away is prepared when it is back.
        """
        for shard in self._shards:
            for replica in shard.replicas:
                replica.close()
                replica.prepare = _preparing(prepare, [other for other in shard.replicas if other is not replica])
        away: list[ShardUnavailableError] = []
        for shard in self._shards:
            try:
                shard.wake()
            except ShardUnavailableError as error:
                away.append(error)
        if len(away) == len(self._shards):
            raise away[0]

    def _first(self, ask: Callable[[ShardStore], Capabilities]) -> Capabilities:
        for shard in self._shards[:-1]:
            try:
                return ask(shard)
            except ShardUnavailableError:
                continue
        return ask(self._shards[-1])

    def _on_each(self, shards: Sequence[ShardStore], do: Callable[[ShardStore], None]) -> None:
        """Do it on every shard, whatever comes of the others; then raise the worst error."""
        errors: list[RetryError] = []
        for shard in shards:
            try:
                do(shard)
            except RetryError as error:
                errors.append(error)
        if errors:
            raise next((error for error in errors if isinstance(error, OutcomeUnknownError)), errors[0])


def _preparing(prepare: Callable[[Replica, Sequence[Replica]], None], others: Sequence[Replica]) -> Prepare:
    return lambda replica: prepare(replica, others)


def _layout(server: ServerStore) -> list[Row]:
    return server.query(SELECT_LAYOUT, {"cluster": server.url.cluster})


def _ask_first(seeds: Sequence[ServerUrl], ask: Callable[[ServerStore], Answer]) -> Answer:
    """Ask the first server that answers."""
    trouble: StoreUnavailableError | None = None
    for seed in seeds:
        try:
            server = ServerStore(seed)
            try:
                return ask(server)
            finally:
                server.close()
        except StoreUnavailableError as error:
            trouble = error
    raise trouble or SettingError("store.url", "…", "a host")
