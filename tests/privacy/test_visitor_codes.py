"""A visitor is one code on one site and day, whichever worker sees it and whenever that was started; on another site or
day another; and once the day's key is gone, nothing that is left, in files or in memory, gives the code again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from collector.anonymise import visitor_code
from collector.memory_directory import find_memory_directory
from schema.batch import DAY_MS, day_start_ms
from schema.hit import Hit, decode_records
from schema.settings import Settings, SiteSettings
from schema.spool_format import decode_header, scan_frames
from support.beacons import Request, send
from support.clocked import ClockedFootfall, clocked_footfall, clocked_settings
from support.processes import FIREFOX, wait_until

DAY = date(2026, 3, 10)
NOON = day_start_ms(DAY) + DAY_MS // 2
SITES = ("example.com", "shop.example")
ADDRESSES = ("203.0.113.9", "203.0.113.10", "2001:db8:1:2::9")
KEY_BYTES = 32


def beacon(site: str, address: str, path: str) -> Request:
    return Request({"n": "pageview", "d": site, "u": f"https://{site}{path}"}, address)


def visit(settings: Settings, path: str) -> None:
    """Everyone opens `path` on every site, over many connections, so that both workers see everyone."""
    beacons = [beacon(site, address, path) for site in SITES for address in ADDRESSES for _ in range(8)]
    assert set(asyncio.run(send(settings.collector.listen, beacons))) == {202}


def hits_in(settings: Settings, day: date) -> list[Hit]:
    found = []
    for segment in (settings.spool_dir / day.isoformat()).glob("*.[os]*"):
        content = segment.read_bytes()
        for payload in scan_frames(content, decode_header(content).segment_id).payloads:
            found += [record for record in decode_records(payload) if isinstance(record, Hit)]
    return found


def codes_in(settings: Settings, day: date) -> dict[str, set[int]]:
    """By site: all codes of a day in the spool."""
    codes: dict[str, set[int]] = {}
    for hit in hits_in(settings, day):
        codes.setdefault(hit.site, set()).add(hit.visitor)
    return codes


def memory_of(pid: int) -> Iterator[bytes]:
    """Everything that a process could have written something into."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights, *_ = line.split()
            start, end = (int(part, 16) for part in where.split("-"))
            if "w" in rights:
                memory.seek(start)
                yield memory.read(end - start)


def is_in_memory(footfall: ClockedFootfall, secret: bytes) -> bool:
    """Whether any of the processes has it; also while one is just starting anew and cannot be read."""
    try:
        return _is_found(footfall, secret)
    except (OSError, OverflowError):
        return True


def _is_found(footfall: ClockedFootfall, secret: bytes) -> bool:
    return any(secret in region for process in footfall.processes for region in memory_of(process.pid))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = clocked_settings(tmp_path / "data")
    return Settings(**{**vars(settings), "site": tuple(map(SiteSettings, SITES))})


def test_a_visitor_is_one_code_a_day_on_a_site_over_all_workers_and_a_restart(
    settings: Settings, tmp_path: Path
) -> None:
    tomorrow = date.fromordinal(DAY.toordinal() + 1)
    with clocked_footfall(settings, tmp_path, NOON) as footfall:
        wait_until(footfall.is_ready, 60, "everything is ready")
        visit(settings, "/before")
        footfall.kill()
        footfall.start()
        wait_until(footfall.is_ready, 60, "everything is ready again")
        visit(settings, "/after")
        today = codes_in(settings, DAY)
        before_midnight = {hit.path for hit in hits_in(settings, DAY)}
        footfall.clock.turn_to(NOON + DAY_MS)
        visit(settings, "/tomorrow")
        later = codes_in(settings, tomorrow)
    assert before_midnight == {"/before", "/after"}
    assert {site: len(codes) for site, codes in today.items()} == dict.fromkeys(SITES, len(ADDRESSES))
    assert {site: len(codes) for site, codes in later.items()} == dict.fromkeys(SITES, len(ADDRESSES))
    everything = [code for codes in (*today.values(), *later.values()) for code in codes]
    assert len(set(everything)) == len(everything)


def test_when_the_day_is_over_its_key_is_nowhere(settings: Settings, tmp_path: Path) -> None:
    key_directory = find_memory_directory(settings.data_dir)
    address = socket.inet_aton(ADDRESSES[0])
    with clocked_footfall(settings, tmp_path, NOON) as footfall:
        wait_until(footfall.is_ready, 60, "everything is ready")
        visit(settings, "/")
        key = (key_directory / f"{DAY}.key").read_bytes()
        assert is_in_memory(footfall, key)  # where the search finds it
        code = visitor_code(key, "example.com", address, FIREFOX.encode())
        assert code in codes_in(settings, DAY)["example.com"]  # with the key it can be computed again
        footfall.clock.turn_to(NOON + DAY_MS)
        visit(settings, "/")
        wait_until(lambda: not (settings.spool_dir / DAY.isoformat()).exists(), 60, "the day is closed")
        files = (*settings.data_dir.rglob("*"), *key_directory.iterdir())
        wait_until(lambda: not is_in_memory(footfall, key), 120, "no process remembers the key")
        visit(settings, "/later")
        later = codes_in(settings, date.fromordinal(DAY.toordinal() + 1))
        left = [path.read_bytes() for path in files if path.is_file()]
    assert len(key) == KEY_BYTES
    assert {site: len(codes) for site, codes in later.items()} == dict.fromkeys(SITES, len(ADDRESSES))
    assert not any(key in content for content in left)
