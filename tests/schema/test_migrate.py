import re
from collections.abc import Iterator

import pytest

from schema import migrate
from schema.errors import MigrationError
from schema.rollups import PROJECTED, PROJECTED_BY_MONTH, ROLLUPS, SORTED, Rollup
from schema.store import Capabilities, Store
from support.embedded import shared_store

OLDEST = Capabilities((18, 16))
NEWEST = Capabilities((26, 9))


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.name)
def test_the_migrated_table_is_the_declared_one(rollup: Rollup, store: Store) -> None:
    columns = store.query(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"
        " ORDER BY position",
        {"table": rollup.name},
    )
    text = "LowCardinality(String)"
    assert columns == [(column.name, text if column.type == "text" else column.type) for column in rollup.columns]


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.name)
def test_every_table_starts_its_key_with_site_day_hour_and_is_partitioned_by_month(
    rollup: Rollup, store: Store
) -> None:
    ((key, partition, engine, ddl),) = store.query(
        "SELECT sorting_key, partition_key, engine, create_table_query FROM system.tables"
        " WHERE database = currentDatabase() AND name = {table:String}",
        {"table": rollup.name},
    )
    assert key.startswith("site, day, hour")
    assert (partition, engine) == ("toYYYYMM(day)", "MergeTree")
    for setting in ("fsync_after_insert = 1", "fsync_part_directory = 1", "old_parts_lifetime = 480"):
        assert setting in ddl


def test_every_table_takes_its_engine_from_where_it_is_made() -> None:
    """Replicated on a cluster, so no migration may name one itself."""
    engine = re.compile(r"ENGINE\s*=\s*(\S+)")
    created = [
        part
        for migration in migrate.available()
        for part in re.split(r";\s*\n", migration.sql)
        if "CREATE TABLE" in part
    ]
    assert len(created) >= len(ROLLUPS)
    for statement in created:
        assert statement.count("CREATE TABLE") == statement.count("CREATE TABLE IF NOT EXISTS ") == 1
        assert engine.findall(statement) == ["${engine}"], statement


def test_every_declared_projection_exists(store: Store) -> None:
    found = store.query("SELECT table, name FROM system.projections WHERE database = currentDatabase()")
    declared = {"by": PROJECTED, "by_month": PROJECTED_BY_MONTH, "rows_by": SORTED}
    assert set(found) == {
        (table, f"{kind}_{name}")
        for kind, tables in declared.items()
        for table, names in tables.items()
        for name in names
    }


@pytest.mark.parametrize("table", PROJECTED)
def test_projections_are_made_when_parts_are_merged_not_at_each_insert(table: str, store: Store) -> None:
    ((ddl,),) = store.query(
        "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {t:String}",
        {"t": table},
    )
    assert "materialize_projections_on_insert = 0, materialize_projections_on_merge = 1" in ddl


def test_each_replica_gets_the_settings_of_its_tables_and_other_changes_once() -> None:
    """ZooKeeper brings columns and projections to the others, settings it does not."""
    changes = [
        statement
        for migration in migrate.available()
        for statement in migration.statements(NEWEST, lambda table: "ReplicatedMergeTree")
        if "ALTER TABLE" in statement
    ]
    own = [statement for statement in changes if not migrate.comes_by_replication(statement)]
    assert own == [statement for statement in changes if "MODIFY SETTING" in statement] != []


def test_after_apply_nothing_is_pending_and_apply_does_nothing(store: Store) -> None:
    assert migrate.pending(store) == migrate.apply(store) == []
    assert migrate.applied(store) == [migration.number for migration in migrate.available()]


def test_a_store_from_a_newer_version_is_refused(store: Store) -> None:
    store.execute("INSERT INTO migrations VALUES (9999, 'from_the_future', 0)")
    try:
        with pytest.raises(MigrationError, match="9999"):
            migrate.pending(store)
    finally:
        store.execute("ALTER TABLE migrations DELETE WHERE number = 9999 SETTINGS mutations_sync = 2")


def test_what_an_old_server_does_not_know_is_left_out() -> None:
    old = ";".join(statement for migration in migrate.available() for statement in migration.statements(OLDEST))
    assert not [word for word in ("PROJECTION", "LowCardinality", "fsync") if word in old]


def test_a_migration_cut_off_half_way_can_be_run_again(store: Store) -> None:
    for migration in migrate.available():
        for statement in migration.statements(NEWEST):
            store.execute(statement)


def test_numbers_are_unique_and_without_gaps() -> None:
    assert [migration.number for migration in migrate.available()] == list(range(1, len(migrate.available()) + 1))
