"""Numbered SQL files → the store's tables: what is pending, what is applied, apply."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from string import Template

from schema.errors import MigrationError
from schema.store import Capabilities, Store

_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql")
_SINCE = re.compile(r"^--\s*since:\s*(\d+)\.(\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """One file of `schema/migrations`; its statements are separated by semicolons at line ends."""

    number: int
    name: str
    sql: str = field(repr=False)

    def statements(self, capabilities: Capabilities) -> list[str]:
        """Return the statements to run on such an engine.

        `-- since: 22.3` above a statement leaves it out on an older one; `${text}`, `${engine}` and `${durable}`
        become what the engine knows.
        """
        words = {
            "text": "LowCardinality(String)" if capabilities.has_low_cardinality else "String",
            "durable": _DURABLE if capabilities.has_fsync else "index_granularity = 8192",
        }
        statements = (part.strip() for part in re.split(r";\s*\n", self.sql + "\n"))
        return [Template(part).substitute(words) for part in statements if part and _fits(part, capabilities)]


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
    if not store.query("SELECT name FROM system.tables WHERE database = currentDatabase() AND name = 'migrations'"):
        return []
    return [number for (number,) in store.query("SELECT DISTINCT number FROM migrations ORDER BY number")]


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
    todo = pending(store)
    if todo:
        store.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, applied_at DateTime('UTC'))"
            " ENGINE = MergeTree PARTITION BY tuple() ORDER BY number"
        )
    for migration in todo:
        for statement in migration.statements(store.capabilities):
            store.execute(statement)
        at = int((now or datetime.now(UTC)).timestamp())
        store.execute(f"INSERT INTO migrations SELECT {migration.number}, '{migration.name}', {at}")
    return todo


def _fits(statement: str, capabilities: Capabilities) -> bool:
    since = _SINCE.search(statement)
    return since is None or capabilities.version >= (int(since[1]), int(since[2]))
