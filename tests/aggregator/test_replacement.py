from datetime import date
from pathlib import Path

from aggregator import replacement
from schema.durable_files import make_directory, replace_file
from support.disk_calls import disk_calls
from support.interrupted import every_interruption, pulled_plug
from support.two_sites import files

DAY = date(2026, 3, 10)


def make_day(root: Path, word: bytes) -> None:
    make_directory(root / "2026-03-10")
    for name in ("a", "b"):
        replace_file(root / "2026-03-10" / name, word)


def replace(root: Path) -> None:
    make_day(replacement.begin(root, DAY), b"new")
    replacement.commit(root, DAY)


def words(root: Path) -> set[bytes]:
    return set(files(root / "2026-03-10").values())


def test_a_day_is_the_old_or_the_new_one_whole_wherever_it_is_interrupted(tmp_path: Path) -> None:
    seen = set()
    for number in every_interruption():
        root = tmp_path / str(number)
        make_day(root, b"old")
        with pulled_plug(number) as happened:
            replace(root)
        replacement.finish(root)
        (word,) = words(root)
        seen.add(word)
        assert set(files(root)) == {"2026-03-10/a", "2026-03-10/b"}
        if not happened:
            break
    assert seen == {b"old", b"new"}


def test_finishing_may_be_interrupted_as_well(tmp_path: Path) -> None:
    for number in every_interruption():
        for again in every_interruption():
            root = tmp_path / f"{number}-{again}"
            make_day(root, b"old")
            with pulled_plug(number) as happened:
                replace(root)
            with pulled_plug(again) as happened_again:
                replacement.finish(root)
            replacement.finish(root)
            assert len(words(root)) == 1
            if not happened_again:
                break
        if not happened:
            break


def test_a_day_taken_away_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    for number in every_interruption():
        root = tmp_path / str(number)
        make_day(root, b"old")
        with pulled_plug(number) as happened:
            replacement.take_away(root, DAY)
        replacement.finish(root)
        assert files(root) in ({}, {"2026-03-10/a": b"old", "2026-03-10/b": b"old"})
        if not happened:
            assert not files(root)
            break


def test_the_old_day_goes_only_when_the_new_one_is_certainly_there(tmp_path: Path) -> None:
    make_day(tmp_path, b"old")
    make_day(replacement.begin(tmp_path, DAY), b"new")
    with disk_calls() as calls:
        replacement.commit(tmp_path, DAY)
    moves = [number for number, (call, _) in enumerate(calls) if call == "rename"]
    assert ("fsync", "new") in calls[: moves[1]]
    assert ("fsync", "old") in calls[: moves[2]]


def test_what_was_not_committed_is_forgotten(tmp_path: Path) -> None:
    make_day(tmp_path, b"old")
    make_day(replacement.begin(tmp_path, DAY), b"new")
    replacement.finish(tmp_path)
    assert words(tmp_path) == {b"old"}
    assert not (tmp_path / "replacing").exists()
