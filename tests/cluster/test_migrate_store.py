"""Moving house: from the archive into a server, a cluster and back, interrupted and while Footfall counts on."""

import fcntl
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from rich.console import Console

from aggregator.compaction import compact_day
from aggregator.moving import move
from footfall.store_move import move_store
from schema import migrate
from schema.batch import utc_day
from schema.errors import ArgumentError
from schema.settings import Settings, SiteSettings, StoreSettings
from schema.store import Store, open_store
from schema.store_cluster import ClusterStore
from support.clickhouse_server import running_server
from support.hits import at
from support.processes import wait_until
from support.sharded import FIRST, SITES, Sums, archive_with, archived_sums, stored_sums

DAYS = [f"2026-{month:02}-10" for month in range(1, 7)]


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


def start(directory: Path, to: str, **settings: str) -> subprocess.Popen[str]:
    own = {f"FOOTFALL__{name}": value for name, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "footfall", "migrate-store", "--to", to],
        cwd=directory,
        env={**os.environ, "FOOTFALL__DATA_DIR": str(directory / "data"), **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(directory: Path, to: str, **settings: str) -> tuple[int, str]:
    process = start(directory, to, **settings)
    printed, _ = process.communicate(timeout=240)
    return process.returncode, printed


def opened(directory: Path, url: str) -> Store:
    sites = tuple(SiteSettings(domain=site) for site in SITES)
    return open_store(Settings(data_dir=directory / "data", site=sites, store=StoreSettings(url=url)))


def sums_in(directory: Path, url: str) -> Sums:
    """What a store has; read in a process of its own, since the embedded engine opens one directory in its life."""
    store = opened(directory, url)
    try:
        return stored_sums(store)
    finally:
        store.close()


def test_from_chdb_to_a_server_to_a_cluster_to_a_server_and_back(url: str, server_url: str, tmp_path: Path) -> None:
    (tmp_path / "footfall.toml").write_text(f'[[site]]\ndomain = "{FIRST}"\n')
    archive = archive_with(tmp_path / "data" / "archive", *DAYS)
    at_store = "chdb:"
    back = server_url.replace("/footfall", "/back")
    for to in (server_url, url, back, f"chdb:{tmp_path}/elsewhere"):
        code, printed = run(tmp_path, to, STORE__URL=at_store)
        assert code == 0, printed
        assert f'url = "{to}"' in printed
        assert "in each of 6 months" in printed
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            assert process.submit(sums_in, tmp_path, to).result() == archived_sums(archive)
        at_store = to


def test_killed_in_the_middle_it_goes_on_where_it_was(url: str, tmp_path: Path) -> None:
    (tmp_path / "footfall.toml").write_text(f'[[site]]\ndomain = "{FIRST}"\n')
    archive = archive_with(tmp_path / "data" / "archive", *DAYS)
    store = ClusterStore(url)
    migrate.apply(store)

    def rows() -> int:
        return sum(count for count, _ in stored_sums(store).values())

    process = start(tmp_path, url)
    wait_until(lambda: rows() > 0, 120, "it has begun to load")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = rows()
    total = sum(count for count, _ in archived_sums(archive).values())
    assert 0 < before < total
    code, printed = run(tmp_path, url)
    assert code == 0, printed
    assert stored_sums(store) == archived_sums(archive)
    store.close()


def test_two_at_once_would_take_each_others_rows_for_nobodys_so_the_second_is_refused(tmp_path: Path) -> None:
    """Each into an embedded store of its own, which nothing else keeps apart."""
    (tmp_path / "footfall.toml").write_text(f'[[site]]\ndomain = "{FIRST}"\n')
    archive_with(tmp_path / "data" / "archive", DAYS[0])
    with (tmp_path / "data" / "migrate-store.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, printed = run(tmp_path, f"chdb:{tmp_path}/elsewhere")
    assert code == 2
    assert "in use" in printed
    assert not (tmp_path / "elsewhere").exists()
    assert run(tmp_path, f"chdb:{tmp_path}/elsewhere")[0] == 0


def test_rows_that_the_archive_has_not_are_a_reason_not_to_switch(server_url: str, tmp_path: Path) -> None:
    (tmp_path / "footfall.toml").write_text(f'[[site]]\ndomain = "{FIRST}"\n')
    archive_with(tmp_path / "data" / "archive", DAYS[0])
    to = server_url.replace("/footfall", "/other")
    assert run(tmp_path, to)[0] == 0
    store = opened(tmp_path, to)
    store.execute("INSERT INTO rejections SELECT * FROM rejections LIMIT 1")
    code, printed = run(tmp_path, to)
    store.close()
    assert code == 1
    assert "Do not switch" in printed
    assert "rejections" in printed
    assert "2026-01" in printed


@pytest.mark.parametrize(
    ("to", "word"),
    [
        ("chdb:", "another store"),
        ("chdb:data/warehouse", "another store"),
        ("mysql://here", "chdb:/path"),
        ("clickhouse://a,b/footfall", "?cluster="),
    ],
)
def test_what_is_no_other_store_is_refused_with_what_would_be(
    to: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(data_dir=tmp_path / "data", site=(SiteSettings(FIRST),))
    with pytest.raises(ArgumentError, match=re.escape(word)):
        move_store(settings, Console(), to)


def test_a_day_that_is_compacted_meanwhile_is_moved_all_the_same(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archive_with(tmp_path, *DAYS[:2])
    store = opened(tmp_path, server_url.replace("/footfall", "/compacted"))
    migrate.apply(store)
    whole = archived_sums(archive)
    insert, compacted = store.insert, []

    def insert_and_compact(table: str, rows: object, query_id: str) -> None:
        if not compacted:
            compacted.append(compact_day(archive, utc_day(at("10:00", DAYS[1]))))
        insert(table, rows, query_id)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "insert", insert_and_compact)
    report = move(archive, store)
    assert report.is_equal, (report.problems, report.differences)
    assert stored_sums(store) == whole
    assert not (tmp_path / "quarantine").exists()
    store.close()
