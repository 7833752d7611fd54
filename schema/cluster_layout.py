"""What a cluster consists of: the shards and replicas of a name in the servers' `remote_servers`, and their tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from schema.errors import SettingError, StopError
from schema.server_url import ServerUrl
from schema.store import Row

LOCAL_SUFFIX = "_local"  # of the database with a shard's own tables; the one without it reads from all shards
KEEPER_ROOT = "/clickhouse/tables"
SELECT_LAYOUT = (
    "SELECT shard_num, replica_num, host_name, port FROM system.clusters WHERE cluster = {cluster:String}"
    " ORDER BY shard_num, replica_num"
)
SELECT_MACROS = "SELECT macro, substitution FROM system.macros"
# A replica that was away may find that most of its few parts were merged meanwhile: that is no reason not to start.
REPLICATED_SETTINGS = "replicated_deduplication_window = 10000, replicated_max_ratio_of_wrong_parts = 1"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True)
class Place:
    """One replica of one shard, both counted from 0, and how many shards there are."""

    shard: int
    shards: int
    replica: int
    url: ServerUrl  # of the database that reads from all shards

    @property
    def local(self) -> ServerUrl:
        """The database with the shard's own tables."""
        return replace(self.url, database=f"{self.url.database}{LOCAL_SUFFIX}")

    @property
    def name(self) -> str:
        """How errors and ZooKeeper call it; it does not depend on the order of replicas."""
        return _NOT_IN_NAMES.sub("_", f"{self.url.host}-{self.url.port}")

    def engine(self, table: str, macros: Sequence[Row] = ()) -> str:
        """Return the engine of a replicated table; a server's macros for shard and replica count, if it has both."""
        known = {str(name): str(value) for name, value in macros}
        shard, replica = known.get("shard", ""), known.get("replica", "")
        if not (shard and replica):
            shard, replica = f"{self.shard + 1:02}", self.name
        return f"ReplicatedMergeTree('{KEEPER_ROOT}/{shard}/{self.local.database}/{table}', '{replica}')"

    def twin(self, table: str) -> str:
        """Return the statement that creates what reads `table` from all shards."""
        local = self.local.database
        engine = f"Distributed('{self.url.cluster}', '{local}', '{table}')"
        return f"CREATE TABLE IF NOT EXISTS {self.url.database}.{table} AS {local}.{table} ENGINE = {engine}"


def places(url: ServerUrl, rows: Iterable[Row]) -> list[list[Place]]:
    """Return the replicas of each shard, from the rows of SELECT_LAYOUT.

    Raises:
        SettingError: the server knows no such cluster.
    """
    found: dict[int, list[tuple[str, int]]] = {}
    for shard, _, host, port in rows:
        found.setdefault(shard, []).append((host, port))
    if not found:
        raise SettingError("store.url ?cluster", url.cluster, "the name of a cluster in the servers' remote_servers")
    return [
        [
            Place(shard, len(found), n, replace(url, host=host, port=port))
            for n, (host, port) in enumerate(found[number])
        ]
        for shard, number in enumerate(sorted(found))
    ]


def check_layout(place: Place, recorded: Sequence[Row]) -> None:
    """Return if a replica's tables were made for this place: `recorded` has its shard and the number of shards.

    Raises:
        StopError: they were made for another, so that sites would be looked for where they are not.
    """
    for shard, shards in recorded:
        if (shard, shards) != (place.shard, place.shards):
            raise StopError(
                f"{place.url.address} was shard {shard + 1} of {shards} when its tables were made, and is shard"
                f" {place.shard + 1} of {place.shards} now",
                hint="sites are on other shards then: name another database in store.url, and fill it with"
                " `footfall migrate-store`",
            )
