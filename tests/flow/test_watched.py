"""Footfall watched from outside: real processes, real beacons, and the figures on /metrics that have to follow."""

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from collector.metric_files import metrics_directory
from support.beacons import Request, send
from support.processes import Footfall, free_port, running_footfall, wait_until

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html) CanaryAgent"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0 CanaryAgent/7"
CANARIES = ("203.0.113.", "CanaryAgent", "canary-page", "Canary Event", "canary.referrer", "canary-value", "Firefox")
# Every metric that /metrics may have, and the labels that each may have: none for a path or a person.
LABELS = {
    "footfall_beacons_accepted": {"site", "kind"},
    "footfall_beacons_rejected": {"reason"},
    "footfall_beacons_refused": set(),
    "footfall_worker_starts": set(),
    "footfall_commit_records": {"le"},
    "footfall_commit_bytes": {"le"},
    "footfall_commit_seconds": {"le"},
    "footfall_workers": set(),
    "footfall_spool_queue_records": set(),
    "footfall_connections": set(),
    "footfall_spool_bytes": set(),
    "footfall_spool_free_bytes": set(),
    "footfall_build_info": {"version"},
    "footfall_start_time_seconds": set(),
    "footfall_ready": set(),
    "footfall_lag_seconds": set(),
    "footfall_batches_waiting": set(),
    "footfall_counted_through_timestamp_seconds": set(),
    "footfall_store_reachable": set(),
    "footfall_alarms": {"kind"},
    "footfall_dashboard_store_failures": set(),
    "footfall_dashboard_store_failures_created": set(),
    "footfall_dashboard_store_seconds": {"le"},
    "footfall_dashboard_store_seconds_created": set(),
}


class Watched:
    """A running Footfall with two workers, and what was sent to it."""

    def __init__(self, footfall: Footfall) -> None:
        self.footfall = footfall
        self.token = footfall.token()
        self.sent = 0

    def text(self) -> str:
        address = f"http://{self.footfall.dashboard}/metrics"
        answer = httpx.get(address, headers={"Authorization": f"Bearer {self.token}"}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.text

    def values(self, *metrics: str) -> dict[str, float]:
        """Label values → value, of the samples that are not 0."""
        families = text_string_to_metric_families(self.text())
        return {
            " ".join(value for _, value in sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
            if sample.name in metrics and sample.value
        }

    def value(self, metric: str) -> float:
        return self.values(metric).get("", 0)

    def post(self, count: int, status: int = 202, agent: str = AGENT, **wire: object) -> None:
        """Send `count` beacons, each from another address, over many connections."""
        body = {
            "n": "pageview",
            "d": "example.com",
            "u": "https://example.com/canary-page?utm_source=canary-value",
            "r": "https://canary.referrer/canary-value",
            **wire,
        }
        headers = body.pop("headers", {})
        assert isinstance(headers, dict)
        addresses = [f"203.0.113.{self.sent % 250 + index % 4}" for index in range(count)]
        self.sent += count
        requests = [Request(body, address, agent, headers) for address in addresses]
        assert asyncio.run(send(self.footfall.collector, requests)) == [status] * count

    def worker_counts(self) -> list[float]:
        """How many pageviews each worker has accepted."""
        found = []
        for path in sorted(metrics_directory(self.footfall.data_dir).glob("counter_*.db")):
            entries = MmapedDict.read_all_values_from_file(str(path))
            found.append(sum(value for key, value, *_ in entries if '"kind": "pageview"' in key))
        return found

    def workers(self) -> list[int]:
        return [process for process, command in self.footfall.children().items() if " worker " in command]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    settings = {"COLLECTOR__TRUSTED_PROXIES": "127.0.0.1/32", "COLLECTOR__VISITOR_RATE": "0"}
    site = '[{domain = "example.com"}, {domain = "shop.example", hostnames = ["www.shop.example"]}]'
    with running_footfall(tmp_path, **settings, SITE=site) as footfall:
        yield Watched(footfall)


def test_the_figures_are_exactly_what_was_sent_over_both_workers_and_through_a_kill(watched: Watched) -> None:
    accepted = 0
    while not accepted or min(watched.worker_counts()) == 0:
        watched.post(20)
        accepted += 20
    assert len(watched.worker_counts()) == 2
    watched.post(7, n="Canary Event")
    watched.post(5, d="shop.example", u="https://www.shop.example/canary-page")
    watched.post(4, d="shop.example", u="https://elsewhere.example/canary-page")
    watched.post(3, 400, d="canary-value.example")
    watched.post(2, 400, u=5)
    watched.post(6, headers={"Sec-GPC": "1"})
    watched.post(8, agent=BOT)
    hits = {"event example.com": 7, "pageview shop.example": 5}
    rejections = {"hostname": 4, "unknown_site": 3, "malformed": 2, "opt_out": 6, "bot": 8}

    def has_exactly(pageviews: int) -> bool:
        found = watched.values("footfall_beacons_accepted_total")
        return found == {"pageview example.com": pageviews, **hits}

    # An answer is given a moment before it is counted.
    wait_until(lambda: has_exactly(accepted), what="all is counted")
    wait_until(lambda: watched.values("footfall_beacons_rejected_total") == rejections, what="all is counted")
    committed = accepted + sum(hits.values()) + sum(rejections.values())
    wait_until(lambda: watched.value("footfall_commit_records_sum") == committed, what="all is measured")
    assert watched.value("footfall_commit_seconds_count") == watched.value("footfall_commit_bytes_count") > 0
    assert watched.value("footfall_beacons_refused_total") == 0
    assert watched.value("footfall_spool_bytes") > 0

    killed = watched.workers()[0]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: watched.value("footfall_worker_starts_total") == 3, what="another worker has started")
    assert has_exactly(accepted)
    assert watched.values("footfall_beacons_rejected_total") == rejections
    before = watched.worker_counts()
    while any(now == then for now, then in zip(watched.worker_counts(), before, strict=True)):
        watched.post(20)
        accepted += 20
    wait_until(lambda: has_exactly(accepted), what="all is counted")
    assert len(watched.worker_counts()) == 2
    assert watched.value("footfall_workers") == 2
    assert_that_nobody_can_be_known(watched.text())


def assert_that_nobody_can_be_known(text: str) -> None:
    families = list(text_string_to_metric_families(text))
    assert {family.name: {name for sample in family.samples for name in sample.labels} for family in families} == {
        name: labels if name != "footfall_alarms" else set() for name, labels in LABELS.items()
    }
    assert not [canary for canary in CANARIES if canary.lower() in text.lower()]
    assert not re.search(r"\d+\.\d+\.\d+\.\d+", text)


def test_a_worker_that_is_gone_has_no_connections_any_more(watched: Watched) -> None:
    wait_until(lambda: watched.value("footfall_workers") == 2, what="both workers are there")
    os.kill(watched.workers()[0], signal.SIGKILL)
    wait_until(lambda: watched.value("footfall_workers") == 1, what="it is not counted any more")


def test_connections_are_counted_while_they_are_open(watched: Watched) -> None:
    with httpx.Client() as client:
        assert client.get(f"http://{watched.footfall.collector}/health/live").status_code == 200
        wait_until(lambda: watched.value("footfall_connections") >= 1, what="the connection is seen")
    wait_until(lambda: watched.value("footfall_connections") == 0, what="it is seen to be closed")


def test_nothing_is_left_in_memory_when_it_stops_and_the_next_start_begins_at_zero(watched: Watched) -> None:
    directory = metrics_directory(watched.footfall.data_dir)
    watched.post(3)
    wait_until(lambda: watched.values("footfall_beacons_accepted_total") == {"pageview example.com": 3})
    started = watched.value("footfall_start_time_seconds")
    assert watched.footfall.stop() == 0
    assert not directory.exists()
    watched.footfall.start()
    assert watched.values("footfall_beacons_accepted_total") == {}
    assert watched.value("footfall_start_time_seconds") > started
    watched.footfall.kill_everything()
    assert directory.exists()
    watched.footfall.start()
    assert watched.value("footfall_worker_starts_total") == 2


@pytest.fixture
def collecting(tmp_path: Path) -> Iterator[Footfall]:
    """`footfall collect` alone, with /metrics where the dashboard would be."""
    footfall = Footfall(tmp_path, {"COLLECTOR__METRICS_LISTEN": f"127.0.0.1:{free_port()}"}, ("collect",))
    footfall.launch()
    try:
        wait_until(footfall.collector_is_ready, 60, "the collector is ready")
        yield footfall
    finally:
        if footfall.process is not None and footfall.process.poll() is None:
            footfall.kill_everything()


def test_a_host_that_only_collects_can_be_watched_too(collecting: Footfall) -> None:
    address = collecting.settings["COLLECTOR__METRICS_LISTEN"]
    assert asyncio.run(send(collecting.collector, [Request({"n": "pageview", "d": "example.com", "u": 5})])) == [400]

    def is_counted() -> bool:
        return 'footfall_beacons_rejected_total{reason="malformed"} 1.0' in httpx.get(f"http://{address}/metrics").text

    wait_until(is_counted, what="the beacon is counted")
    assert collecting.stop() == 0


def test_a_taken_address_for_metrics_is_one_sentence(collecting: Footfall, tmp_path: Path) -> None:
    second = Footfall(tmp_path / "second", dict(collecting.settings), ("collect",))
    (tmp_path / "second").mkdir()
    done = second.run("collect")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "collector.metrics_listen" in done.stderr
