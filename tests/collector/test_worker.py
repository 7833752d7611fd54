"""A worker as the supervisor runs it: a real process on a socket that it inherits."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from collector.memory_directory import find_memory_directory
from schema.hit import Hit, Record, decode_records
from schema.spool_format import decode_header, is_sealed, scan_frames
from support.processes import FIREFOX, wait_until

PROGRAM = """
import json, logging, pathlib, resource, sys
from collector.worker import run_worker
from schema.settings import CollectorSettings, Settings, SpoolSettings
data_dir, descriptor, file_bytes = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
logging.basicConfig(level=logging.INFO)
resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
settings = Settings(data_dir=data_dir, spool=SpoolSettings(segment_seconds=300, min_free_bytes=0))
sys.exit(run_worker(settings, descriptor))
"""
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a/alice@example.com"}


@dataclass
class Workers:
    """Worker processes on one socket, their spool and their output."""

    directory: Path
    listener: socket.socket
    processes: list[subprocess.Popen[bytes]]

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.listener.getsockname()
        return host, port

    @property
    def said(self) -> str:
        return (self.directory / "output").read_text()

    def start(self, *, file_bytes: int = -1) -> subprocess.Popen[bytes]:
        number = self.listener.fileno()
        command = [sys.executable, "-c", PROGRAM, str(self.directory / "data"), str(number), str(file_bytes)]
        with (self.directory / "output").open("ab") as output:
            process = subprocess.Popen(command, pass_fds=[number], stdout=output, stderr=output)
        self.processes.append(process)
        return process

    def post(self, wire: object = PAGEVIEW, **headers: str) -> httpx.Response:
        url = "http://{}:{}/api/event".format(*self.address)
        return httpx.post(url, content=json.dumps(wire), headers={"user-agent": FIREFOX, **headers}, timeout=30)

    def exchange(self, request: bytes) -> bytes:
        """Send raw bytes, and return what comes back until the connection ends."""
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def records(self) -> dict[Path, list[Record]]:
        found = {}
        for path in (self.directory / "data" / "spool").glob("2*/*.[os]*"):
            content = path.read_bytes()
            payloads = scan_frames(content, decode_header(content).segment_id).payloads
            found[path] = [record for payload in payloads for record in decode_records(payload)]
        return found


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        workers = Workers(tmp_path, listener, [])
        yield workers
        for process in workers.processes:
            process.kill()
            process.wait()
    keys = find_memory_directory(tmp_path / "data")
    if keys.exists():
        for path in keys.iterdir():
            path.unlink()
        keys.rmdir()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_seals_what_it_has(workers: Workers, number: signal.Signals) -> None:
    process = workers.start()
    assert workers.post().status_code == 202
    process.send_signal(number)
    assert process.wait(30) == 0
    ((path, records),) = workers.records().items()
    assert is_sealed(path.read_bytes())
    assert [record.path for record in records if isinstance(record, Hit)] == ["/a/:email"]


def test_a_worker_that_is_told_to_stop_at_once_stops(workers: Workers) -> None:
    process = workers.start()
    wait_until((workers.directory / "data" / "spool").exists, what="the worker has begun")
    process.terminate()
    assert process.wait(30) in (0, -signal.SIGTERM)


def test_workers_share_socket_and_day_key(workers: Workers) -> None:
    for _ in range(2):
        workers.start()
    wait_until(lambda: workers.post().status_code == 202 and len(workers.records()) == 2, what="both have had a beacon")
    codes = {record.visitor for records in workers.records().values() for record in records if isinstance(record, Hit)}
    assert len(codes) == 1


def test_the_day_key_outlives_a_worker(workers: Workers) -> None:
    for _ in range(2):
        process = workers.start()
        assert workers.post().status_code == 202
        process.kill()
        process.wait()
    records = workers.records()
    assert len(records) == 2
    assert len({record.visitor for found in records.values() for record in found if isinstance(record, Hit)}) == 1


def test_a_worker_whose_disk_fails_refuses_and_ends(workers: Workers) -> None:
    process = workers.start(file_bytes=1000)
    statuses = [workers.post().status_code]
    while statuses[-1] == 202:
        statuses.append(workers.post().status_code)
    assert statuses[-1] == 503
    assert process.wait(30) == 1
    assert sum(len(records) for records in workers.records().values()) == len(statuses) - 1
    assert "the spool cannot be written" in workers.said


def test_nothing_of_a_request_is_logged(workers: Workers) -> None:
    process = workers.start()
    assert workers.post().status_code == 202
    assert workers.post({"u": "alice"}).status_code == 400
    assert workers.post(**{"user-agent": "curl/8 alice"}).status_code == 202
    assert workers.exchange(b"POST /alice HTTP/1.1\r\nHost: x\r\nalice\r\n\r\n").startswith(b"HTTP/1.1 400")
    workers.exchange(b"GET /alice?alice HTTP/1.1\r\nHost: alice\r\nConnection: close\r\n\r\n")
    process.terminate()
    process.wait(30)
    for trace in ("alice", "127.0.0.1", "example.com", "Firefox", "/api/event"):
        assert trace not in workers.said


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ("Transfer-Encoding: chunked", b"8000\r\n" + b"x" * 0x8000 + b"\r\n0\r\n\r\n", b"413"),
        ("Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n", b"400"),
    ],
)
def test_a_request_that_lies_about_its_length_is_refused(
    workers: Workers, headers: str, body: bytes, status: bytes
) -> None:
    workers.start()
    head = f"POST /api/event HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n\r\n".encode()
    assert workers.exchange(head + body).split(b" ", 2)[1] == status


@pytest.mark.parametrize(
    "lengths", ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 50"]
)
def test_no_second_request_can_hide_in_a_body(workers: Workers, lengths: str) -> None:
    workers.start()
    head = f"POST /api/event HTTP/1.1\r\nHost: x\r\n{lengths}\r\n\r\n".encode()
    answers = workers.exchange(head + b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answers.startswith(b"HTTP/1.1 400")
    assert answers.count(b"HTTP/1.1 ") == 1


def test_a_worker_leaves_no_core_dump(workers: Workers) -> None:
    process = workers.start()
    assert workers.post().status_code == 202
    limits = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
    assert next(line for line in limits if line.startswith("Max core file size")).split()[4:6] == ["0", "0"]


def test_no_answer_tells_what_server_it_is(workers: Workers) -> None:
    workers.start()
    assert "server" not in workers.post().headers


def test_what_the_worker_is_started_with_is_all_it_needs(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment does not make it believe a forwarded address: only the settings do."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    workers.start()
    for address in ("198.51.100.7", "198.51.100.8"):
        workers.post(**{"x-forwarded-for": address})
    codes = {record.visitor for records in workers.records().values() for record in records if isinstance(record, Hit)}
    assert len(codes) == 1
