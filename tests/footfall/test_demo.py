import fcntl
import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from rich.console import Console

import footfall.client
from footfall.adding_up import add_up
from footfall.demo import make_demo
from footfall.demo_traffic import Traffic
from schema.batch import utc_day
from schema.errors import StoreUnavailableError
from schema.hit import Hit, Kind
from schema.settings import Settings, SiteSettings
from support.embedded import shared_store
from support.processes import Footfall

DAY = date(2026, 3, 10)
TRAFFIC = Traffic("example.com", visitors=60)


def test_the_same_seed_makes_the_same_day() -> None:
    assert TRAFFIC.records(DAY, DAY) == TRAFFIC.records(DAY, DAY)


def test_a_day_stays_within_its_day_and_is_in_order() -> None:
    instants = [record.at for record in TRAFFIC.records(DAY, DAY)]
    assert {utc_day(at) for at in instants} == {DAY}
    assert instants == sorted(instants)


def test_the_traffic_has_something_for_every_screen() -> None:
    hits = [
        record
        for day in range(30)
        for record in TRAFFIC.records(DAY + timedelta(days=day), DAY)
        if isinstance(record, Hit)
    ]
    assert {hit.kind for hit in hits} == set(Kind)
    for field in ("channel", "source", "referrer", "utm_campaign", "country", "device", "browser", "os", "path"):
        assert len({getattr(hit, field) for hit in hits}) > 2, field
    assert any(hit.revenue for hit in hits)
    assert any(hit.props for hit in hits)


def test_weekends_are_quieter_and_a_year_brings_growth() -> None:
    def visitors(first: date, days: int) -> int:
        dates = [first + timedelta(days=day) for day in range(days)]
        return sum(
            len({record.visitor for record in TRAFFIC.records(day, DAY) if isinstance(record, Hit)}) for day in dates
        )

    week = [visitors(DAY + timedelta(days=day), 1) for day in range(6)]  # Tuesday to Sunday
    assert max(week[4:]) < min(week[:3])
    assert visitors(DAY + timedelta(days=364), 7) > 1.2 * visitors(DAY, 7)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Footfall:
    footfall = Footfall(tmp_path_factory.mktemp("demo"))
    run = footfall.run("demo", "--days", "3", "--directory", str(footfall.data_dir))
    assert run.returncode == 0, run.stderr
    assert "3 days" in run.stdout
    return footfall


def test_the_archive_of_the_demo_holds_what_was_made_up(demo: Footfall) -> None:
    views = footfall.client.read("pageviews", demo.data_dir)
    first = views["day"].min()
    made_up = [
        record for day in range(3) for record in Traffic("example.com").records(first + timedelta(days=day), first)
    ]
    assert views["pageviews"].sum() == sum(isinstance(hit, Hit) and hit.kind == Kind.PAGEVIEW for hit in made_up)
    assert footfall.client.read("visits", demo.data_dir)["visits"].sum() > 1000


def test_the_ledger_of_the_demo_has_nothing_to_say(demo: Footfall) -> None:
    done = demo.run("ledger")
    assert (done.returncode, "no worker has said" in done.stdout) == (0, False), done.stdout


def test_a_second_demo_keeps_what_is_there(demo: Footfall) -> None:
    before = {path: path.stat().st_mtime_ns for path in (demo.data_dir / "archive").rglob("*.parquet")}
    assert demo.run("demo", "--days", "3", "--directory", str(demo.data_dir)).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_demo_whose_projections_are_not_made_in_time_is_whole_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_happens(*_: object) -> None:
        raise StoreUnavailableError("nothing happened for 600 s")

    with shared_store() as store:
        monkeypatch.setattr("footfall.demo.open_store", lambda _: store)
        monkeypatch.setattr("footfall.demo.complete", nothing_happens)
        monkeypatch.setattr(store, "close", lambda: None)
        said = io.StringIO()
        make_demo(
            Settings(data_dir=tmp_path, site=(SiteSettings("example.com"),)),
            2,
            "example.com",
            Console(file=said, width=200),
        )
        assert "2 days of made-up traffic" in said.getvalue()
        assert store.query("SELECT uniqExact(day) FROM pageviews") == [(2,)]


def test_a_command_whose_projections_are_not_made_in_time_says_when_they_will_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing_happens(*_: object) -> None:
        raise StoreUnavailableError("nothing happened for 600 s")

    said = io.StringIO()
    monkeypatch.setattr("footfall.adding_up.complete", nothing_happens)
    with shared_store() as store:
        add_up(store, Console(file=said, width=200))
    assert "more slowly until Footfall has added them up while it runs: nothing happened for 600 s" in said.getvalue()


def test_the_demo_does_not_mix_with_real_counts(tmp_path: Path) -> None:
    own = Footfall(tmp_path)
    (own.data_dir / "archive").mkdir(parents=True)
    run = own.run("demo", "--days", "1", "--directory", str(own.data_dir))
    assert run.returncode == 2
    assert "--directory" in run.stderr
    assert [path.name for path in (own.data_dir / "archive").iterdir()] == []


def test_the_demo_does_not_touch_a_directory_in_use(demo: Footfall, tmp_path: Path) -> None:

    with (demo.data_dir / "footfall.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = demo.run("demo", "--days", "3", "--directory", str(demo.data_dir))
    assert run.returncode == 2
    assert "in use" in run.stderr


def test_an_unknown_table_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'clicks'.*pageviews"):
        footfall.client.read("clicks")


def test_an_empty_archive_has_no_rows_and_all_columns(tmp_path: Path) -> None:
    rows = footfall.client.read("visits", tmp_path)
    assert len(rows) == 0
    assert "bounces" in rows
