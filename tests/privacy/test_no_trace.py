"""After a day's work with known addresses, user agents and e-mail addresses, none of their bytes is anywhere below the
data directory (decoded where it is compressed) nor in any log, not even after errors and kills."""

import asyncio
import ipaddress
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schema.batch import DAY_MS, day_start_ms
from schema.rollups import ROLLUPS
from support.beacons import Request, send
from support.clocked import clocked_footfall, clocked_settings
from support.processes import wait_until

DAY = date(2026, 3, 10)
ADDRESSES = [f"203.0.113.{last}" for last in range(1, 200)] + [f"2001:db8:{n:x}:77::{n:x}" for n in range(1, 60)]
AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) CanaryAgent/{n} AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36"
    for n in range(20)
]
EMAIL = "canary.person@mail.example"
TOKEN = "c4n4ry0f5e55i0nt0k3nabcdef0123456789abcdef"


def beacons() -> Iterator[Request]:
    """Good, rejected and malformed beacons, each with something that must not stay."""
    urls = [
        "https://example.com/",
        f"https://example.com/profile/{EMAIL}/edit",
        f"https://example.com/profile/{urllib.parse.quote(EMAIL, safe='')}",
        f"https://example.com/reset/{TOKEN}",
        f"https://example.com/?email={EMAIL}&token={TOKEN}&utm_source=letter&utm_content={EMAIL}",
        f"https://example.com/#/{EMAIL}",
    ]
    for index, address in enumerate(ADDRESSES):
        body = {
            "n": "pageview" if index % 5 else f"Mail {EMAIL}",
            "d": "example.com",
            "u": urls[index % len(urls)],
            "r": f"https://mail.example/inbox/{EMAIL}?t={TOKEN}",
            "p": {"who": EMAIL, "plan": "team"},
        }
        headers = [{}, {}, {"Sec-GPC": "1"}, {"Cookie": f"session={TOKEN}", "Authorization": f"Bearer {TOKEN}"}][
            index % 4
        ]
        if index % 7 == 0:
            body = {"n": 5, "u": EMAIL, "d": TOKEN}
        yield Request(body, address, AGENTS[index % len(AGENTS)], headers)


def canaries() -> set[bytes]:
    """Every byte string that must not be found, in the notations it could have been kept in."""
    found = {b"CanaryAgent", EMAIL.encode(), EMAIL.split("@", maxsplit=1)[0].encode(), TOKEN.encode()}
    found |= {urllib.parse.quote(EMAIL, safe="").encode(), EMAIL.encode("utf-16-le")}
    for text in ADDRESSES:
        address = ipaddress.ip_address(text)
        found |= {text.encode(), address.exploded.encode()}
        if address.version == 6:  # four bytes alone would be found by chance
            found |= {address.packed[:8] + address.packed[8:], address.packed[::-1]}
    return found


def decoded_files(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file, and of every Parquet file also its values."""
    for path in data_dir.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
            if path.suffix == ".parquet":
                yield f"{path} decoded", str(pq.read_table(path).to_pydict()).encode()


def decoded_store(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every table of the store, read with the engine itself, in a process of its own."""
    program = (
        "import sys, pathlib; from schema.store_embedded import EmbeddedStore;"
        "store = EmbeddedStore(pathlib.Path(sys.argv[1]));"
        "[print(store.query(f'SELECT * FROM {name}')) for name in sys.argv[2:]]"
    )
    names = [rollup.name for rollup in ROLLUPS]
    command = [sys.executable, "-c", program, str(data_dir / "warehouse"), *names]
    run = subprocess.run(command, capture_output=True, check=True)
    assert b"example.com" in run.stdout
    yield "the store's tables", run.stdout


def test_nothing_that_could_identify_anyone_is_kept(tmp_path: Path) -> None:
    settings = clocked_settings(tmp_path / "data")
    segments = settings.spool_dir / DAY.isoformat()
    with clocked_footfall(settings, tmp_path, day_start_ms(DAY) + DAY_MS // 2) as footfall:
        wait_until(footfall.is_ready, 60, "everything is ready")
        statuses = asyncio.run(send(settings.collector.listen, list(beacons())))
        assert set(statuses) == {202, 400}
        assert list(segments.iterdir())
        assert list(_leaks(decoded_files(settings.data_dir))) == []  # while hits are in the spool
        footfall.clock.turn_to(day_start_ms(DAY) + DAY_MS + DAY_MS // 2)
        wait_until(lambda: not segments.exists(), 60, "the day is closed")
    found = [
        *decoded_files(settings.data_dir),
        *decoded_store(settings.data_dir),
        ("the log", footfall.log_file.read_bytes()),
    ]
    assert sum(name.endswith("decoded") for name, _ in found) >= 5
    assert list(_leaks(iter(found))) == []


def _leaks(contents: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    words = canaries()
    for name, content in contents:
        yield from ((name, word) for word in words if word in content)


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """The safeguard of the test above: a canary that is there is found, compressed or not."""
    pq.write_table(pa.table({"path": [f"/profile/{EMAIL}"]}), tmp_path / "one.parquet", compression="zstd")
    (tmp_path / "two.log").write_text(f"from {ADDRESSES[3]}")
    assert {word for _, word in _leaks(decoded_files(tmp_path))} >= {EMAIL.encode(), ADDRESSES[3].encode()}
