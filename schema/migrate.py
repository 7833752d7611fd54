"""Numbered SQL files → the store's tables: what is pending, what is applied, apply."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from string import Template
from typing import Protocol, runtime_checkable

from schema.cluster_layout import REPLICATED_SETTINGS
from schema.errors import MigrationError, StoreUnavailableError
from schema.store import Capabilities, Store

_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql")
_CREATED = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)
_CHANGES = re.compile(r"^ALTER TABLE (?!\w+ MODIFY SETTING)", re.MULTILINE)
_SINCE = re.compile(r"^--\s*since:\s*(\d+)\.(\d+)\s*$", re.MULTILINE)

Engine = Callable[[str], str]  # table → its engine


class Replica(Store, Protocol):
    """One server of a cluster: its tables are its own, what is in them comes from the other replicas as well."""

    def engine(self, table: str) -> str:
        """Return the engine of a replicated table on this server."""

    def record_layout(self) -> None:
        """Note for which place in the cluster the tables are made."""

    def create_twins(self) -> None:
        """For every table, create what reads it from all shards, as the table is now."""


@runtime_checkable
class Replicated(Protocol):
    """A store on several servers, each of which has tables to be made."""

    @property
    def replicas(self) -> Sequence[Sequence[Replica]]:
        """The servers of each shard, whether or not they answer."""

    def prepare_replicas(self, prepare: Callable[[Replica, Sequence[Replica]], None]) -> None:
        """Call `prepare` with each replica and the others of its shard, now and whenever one comes back."""


@dataclass(frozen=True)
class Migration:
    """One file of `schema/migrations`; its statements are separated by semicolons at line ends."""

    number: int
    name: str
    sql: str = field(repr=False)

    def statements(self, capabilities: Capabilities, engine: Engine | None = None) -> list[str]:
        """Return the statements to run on such an engine; `engine` gives a table's, which is MergeTree else.

        `-- since: 22.3` above a statement leaves it out on an older one; `${text}`, `${engine}` and `${durable}`
        become what the engine knows.
        """
        words = {
            "text": "LowCardinality(String)" if capabilities.has_low_cardinality else "String",
            "durable": _DURABLE if capabilities.has_fsync else "index_granularity = 8192",
        }
        statements = (part.strip() for part in re.split(r";\s*\n", self.sql + "\n"))
        fitting = [part for part in statements if part and _fits(part, capabilities)]
        if engine is not None:
            words["durable"] += f", {REPLICATED_SETTINGS}"
        return [Template(part).substitute(words, engine=_engine(part, engine)) for part in fitting]


# An acknowledged insert survives a power cut; merged-away parts stay until the merged one is certainly on disk.
_DURABLE = (
    "fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480"
)


def available() -> list[Migration]:
    """Return all migrations of this version, in order."""
    found = []
    for entry in resources.files("schema.migrations").iterdir():
        if match := _NAME.fullmatch(entry.name):
            found.append(Migration(int(match["number"]), match["name"], entry.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def applied(store: Store) -> list[int]:
    """Return the numbers of the migrations that the store has had; changes nothing."""
    if isinstance(store, Replicated):
        found = [_of_any(replicas) for replicas in store.replicas]
        if answering := [had for had in found if had is not None]:
            return sorted(set.intersection(*answering))
        raise StoreUnavailableError("no server of the cluster answers")
    if not store.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND name = 'migrations'"):
        return []
    return [number for (number,) in store.query("SELECT DISTINCT number FROM migrations ORDER BY number")]


def _of_any(replicas: Sequence[Store]) -> set[int] | None:
    """Return what some replica of a shard has had; None if none answers. One that lacks tables is not read."""
    found: list[set[int]] = []
    for replica in replicas:
        try:
            found.append(set(applied(replica)))
        except StoreUnavailableError:
            continue
    return set.union(*found) if found else None


def pending(store: Store) -> list[Migration]:
    """Return the migrations that the store has yet to have; changes nothing.

    Raises:
        MigrationError: the store has had one that this version does not know.
    """
    known, had = available(), set(applied(store))
    if newer := had - {migration.number for migration in known}:
        raise MigrationError(
            f"the store was changed by migration {max(newer)}, which this version does not know",
            hint="run the newer Footfall again, or rebuild the store from the archive",
        )
    return [migration for migration in known if migration.number not in had]


def apply(store: Store, *, now: datetime | None = None) -> list[Migration]:
    """Run what is pending and return it. Statements are idempotent, so an interrupted run is simply run again."""
    at = int((now or datetime.now(UTC)).timestamp())
    if isinstance(store, Replicated):
        return _apply_to_replicas(store, at)
    todo = pending(store)
    for migration in todo:
        for statement in migration.statements(store.capabilities):
            store.execute(statement)
        _record(store, migration, at)
    return todo


def _apply_to_replicas(store: Replicated, at: int) -> list[Migration]:
    """Bring each replica up to date by itself, so that one that is away now gets it when it is back."""
    done: dict[int, Migration] = {}

    def prepare(replica: Replica, others: Sequence[Replica]) -> None:
        for migration in _apply_to_replica(replica, others, at):
            done[migration.number] = migration

    store.prepare_replicas(prepare)
    return [done[number] for number in sorted(done)]


def _apply_to_replica(replica: Replica, others: Sequence[Replica], at: int) -> list[Migration]:
    """Changes of a table that another replica has had come through ZooKeeper, and so they are left out here."""
    todo = pending(replica)
    replica.record_layout()
    had = {number for other in others for number in _applied_or_away(other)} if todo else set()
    for migration in todo:
        for statement in migration.statements(replica.capabilities, replica.engine):
            if not (migration.number in had and comes_by_replication(statement)):
                replica.execute(_as_it_is(statement, replica, others))
        _record(replica, migration, at)
    if todo:
        replica.create_twins()
    return todo


def comes_by_replication(statement: str) -> bool:
    """Whether ZooKeeper brings it to the other replicas: a change of a table, but not of its settings."""
    return _CHANGES.search(statement) is not None


def _applied_or_away(other: Store) -> list[int]:
    try:
        return applied(other)
    except StoreUnavailableError:
        return []


def _as_it_is(statement: str, replica: Replica, others: Sequence[Replica]) -> str:
    """Return a CREATE with the columns that the table has on another replica by now: ZooKeeper accepts no others."""
    created = _CREATED.search(statement)
    if created is None:
        return statement
    sql = "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {t:String}"
    for other in others:
        try:
            ((found,),) = other.query(sql, {"t": created[1]}) or [("",)]
        except StoreUnavailableError:
            continue
        if found:
            own = found.replace(f"'{other.place}'", f"'{replica.place}'", 1)
            return re.sub(r"^CREATE TABLE \S+", f"CREATE TABLE IF NOT EXISTS {created[1]}", own, count=1)
    return statement


def _record(store: Store, migration: Migration, at: int) -> None:
    store.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, applied_at DateTime('UTC'))"
        " ENGINE = MergeTree PARTITION BY tuple() ORDER BY number"
    )
    store.execute(f"INSERT INTO migrations SELECT {migration.number}, '{migration.name}', {at}")


def _engine(statement: str, engine: Engine | None) -> str:
    created = _CREATED.search(statement)
    return engine(created[1]) if engine is not None and created else "MergeTree"


def _fits(statement: str, capabilities: Capabilities) -> bool:
    since = _SINCE.search(statement)
    return since is None or capabilities.version >= (int(since[1]), int(since[2]))
