"""The profile for small servers: the oldest engine runs with it, and the newest knows every name in it."""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from schema import migrate
from schema.store_server import ServerStore
from support.demo_archive import demo_archive, load
from support.embedded import shared_store
from support.server_process import USERS, ServerProcess

FILES = Path(__file__).parents[2] / "deploy" / "clickhouse"
CONFIG, PROFILE = FILES / "config.d" / "footfall-small.xml", FILES / "users.d" / "footfall-small.xml"
# What the oldest engine does not know in a profile, where it knows no forgiveness; in config.xml it passes over it.
TOO_NEW = ("log_query_threads", "query_profiler_real_time_period_ns", "query_profiler_cpu_time_period_ns")
TOO_NEW_FOR_TABLES = ("number_of_free_entries_in_pool_to_execute_mutation", "merge_max_block_size")


def as_the_oldest_has_it(text: str, *without: str) -> str:
    """Its root element has another name, and it refuses names that it does not know."""
    kept = [line for line in text.splitlines() if not any(f"<{name}>" in line for name in without)]
    return "\n".join(kept).replace("clickhouse>", "yandex>")


def test_the_oldest_engine_starts_with_it_loads_and_keeps_no_log_tables(tmp_path: Path) -> None:
    for name, file, without in (("config.d", CONFIG, TOO_NEW_FOR_TABLES), ("users.d", PROFILE, TOO_NEW)):
        (tmp_path / name).mkdir()
        (tmp_path / name / file.name).write_text(as_the_oldest_has_it(file.read_text(), *without))
    logs = "<query_log><database>system</database><table>query_log</table></query_log>"
    logs += "<part_log><database>system</database><table>part_log</table></part_log>"
    server = ServerProcess(
        tmp_path, USERS.replace("<log_queries>0</log_queries>", "<log_queries>1</log_queries>"), logs
    )
    try:
        server.start()
        store = ServerStore(server.url)
        migrate.apply(store)
        assert load(demo_archive(tmp_path / "archive", 3, 30), store) > 100
        assert store.query("SELECT value FROM system.settings WHERE name = 'max_threads'") == [("2",)]
        store.query("SELECT count() FROM pageviews")
        store.execute("SYSTEM FLUSH LOGS")  # makes the tables of those that are on
        assert store.query("SELECT name FROM system.tables WHERE database = 'system' AND name LIKE '%_log'") == []
        store.close()
    finally:
        server.kill()
        shutil.rmtree(tmp_path / "data", ignore_errors=True)


@pytest.mark.parametrize(
    ("path", "table"),
    [("merge_tree", "merge_tree_settings"), ("profiles/default", "settings"), (".", "server_settings")],
)
def test_the_newest_engine_knows_every_name(path: str, table: str) -> None:
    tree = ElementTree.parse(PROFILE if path.startswith("profiles") else CONFIG).getroot()
    named = tree if path == "." else tree.find(path)
    assert named is not None
    names = {one.tag for one in named if not one.get("remove") and one.tag not in ("logger", "merge_tree")}
    with shared_store(clean=False) as store:
        known = {name for (name,) in store.query(f"SELECT name FROM system.{table}")}
    assert names
    assert names <= known


def test_the_pools_are_large_enough_for_the_server_to_start() -> None:
    tree = ElementTree.parse(CONFIG).getroot()

    def number(path: str) -> int:
        return int(tree.findtext(path) or 0)

    entries = number("background_pool_size") * number("background_merges_mutations_concurrency_ratio")
    for name in ("lower_max_size_of_merge", "execute_mutation"):
        assert 0 < number(f"merge_tree/number_of_free_entries_in_pool_to_{name}") <= entries
