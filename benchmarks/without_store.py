"""Does the collector become slower while the ClickHouse server is dead or frozen?"""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.clickhouse import URL, Server
from benchmarks.load import offer
from benchmarks.measure import (
    Ratio,
    Spread,
    children,
    cpu_seconds,
    is_listening,
    outranking,
    pin,
    program,
    wait_until,
    worker_settings,
)

BARE, COLLECTOR, DASHBOARD = "127.0.0.1:18005", "127.0.0.1:18011", "127.0.0.1:18012"
YARDSTICK, WELL, AGAIN, FROZEN, DEAD = "bare uvicorn", "well", "well, again", "frozen past its time-out", "dead"
MEMORY = "/dev/shm"  # what others write to a disk meanwhile is a larger difference than the one that is looked for
_WARM_UP_SECONDS = 0.5

Run = dict[str, Any]


def measure(rounds: int, seconds: int, rate: int) -> str:
    """Offer `rate` beacons a second for a few seconds in each state of the server, again and again; a section."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-", dir=MEMORY) as name, outranking(), ExitStack() as stack:
        server = stack.enter_context(Server(Path(name) / "clickhouse", core=1))
        settings = worker_settings(f"{name}/data", COLLECTOR) | {
            "FOOTFALL__DASHBOARD__LISTEN": DASHBOARD,
            "FOOTFALL__AGGREGATOR__LIVE_SECONDS": "1",
            "FOOTFALL__STORE__URL": f"{URL}?timeout=1&connect_timeout=1",
        }
        bare = stack.enter_context(program("-m", "benchmarks.bare", BARE.rpartition(":")[2], core=0))
        supervisor = stack.enter_context(program("-m", "footfall", "serve", core=1, **settings))
        wait_until(lambda: is_listening(BARE) and {"worker", "store-process"} == _parts(supervisor.pid).keys())
        worker, store_process = (_parts(supervisor.pid)[part] for part in ("worker", "store-process"))
        pin(worker, 0)

        def run(address: str = COLLECTOR, process: int = worker) -> Run:
            return _run(address, process, store_process, seconds, rate)

        found = [_round(run, lambda: run(BARE, bare.pid), server, number) for number in range(rounds)]
    return _section(found, seconds, rate)


def _round(run: Callable[[], Run], run_bare: Callable[[], Run], server: Server, number: int) -> dict[str, Run]:
    """Measure each state once, close together; which of the two kinds of being away is first alternates."""
    found = {YARDSTICK: run_bare()}  # after which the aggregator is well again
    wait_until(_is_ready)
    found[WELL] = run()
    found[AGAIN] = run()
    away = [(FROZEN, _frozen), (DEAD, _dead)]
    for name, state in away if number % 2 else away[::-1]:
        with state(server):
            wait_until(lambda: not _is_ready())
            found[name] = run()
    return found


@contextmanager
def _dead(server: Server) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def _frozen(server: Server) -> Iterator[None]:
    server.freeze()
    yield
    server.thaw()


def _is_ready() -> bool:
    """Whether the dashboard's process says that the store takes and answers."""
    connection = http.client.HTTPConnection(DASHBOARD, timeout=30)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except ConnectionError:
        return False
    finally:
        connection.close()


def _run(address: str, process: int, store_process: int, seconds: int, rate: int) -> Run:
    warm_up, before, started = int(rate * _WARM_UP_SECONDS), cpu_seconds(process), time.perf_counter()
    beside, count = cpu_seconds(store_process), int(rate * (_WARM_UP_SECONDS + seconds))
    *_, summary = offer(address, "/api/event", "FEW", count, rate=rate, step=warm_up)
    return {
        **summary,
        "cpu": 1e6 * (cpu_seconds(process) - before) / count,
        "beside": 100 * (cpu_seconds(store_process) - beside) / (time.perf_counter() - started),
    }


def _parts(supervisor: int) -> dict[str, int]:
    """The processes below it by the command that each runs, once it does."""
    commands = {child: Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0") for child in children(supervisor)}
    return {words[3].decode(): child for child, words in commands.items() if len(words) > 3}


def _section(found: list[dict[str, Run]], seconds: int, rate: int) -> str:
    def row(name: str) -> str:
        runs = [one[name] for one in found]
        p50, p99 = (str(Spread.of([1000 * run[which] for run in runs])) for which in ("p50", "p99"))
        p99_beside, p50_beside = (
            str(Ratio.of([run[which] for run in runs], [one[WELL][which] for one in found])) for which in ("p99", "p50")
        )
        cpu, beside = (Spread.of([run[which] for run in runs]).median for which in ("cpu", "beside"))
        errors = sum(run["errors"] for run in runs)
        return f"| {name} | {p50} | {p50_beside} | {p99} | {p99_beside} | {errors} | {cpu:.0f} | {beside:.0f} |"

    return "\n".join(
        [
            "## The collector while the server is away",
            "",
            "`footfall serve` with one worker, on core 0, its data in memory; its aggregator, a ClickHouse server and"
            f" the load, {rate:,} beacons a second, on core 1. {len(found)} rounds, each of {seconds} s of every row:"
            " median (lowest–highest); beside well is the median of the rounds' own ratios, with the 95 % interval of"
            " that median. The second row that is well says how far the noise goes; the bare answer is a yardstick.",
            "",
            "| the server is | p50 µs | beside well | p99 µs | beside well | errors | CPU ms per 1,000 |"
            " % of a core for the store's process |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            *(row(name) for name in (YARDSTICK, WELL, AGAIN, FROZEN, DEAD)),
        ]
    )
