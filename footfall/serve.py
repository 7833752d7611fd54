"""`footfall serve` and its parts: claim what is needed, start the process tree, say what to do next."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from dataclasses import dataclass
from functools import partial

from rich.console import Console

from aggregator.closed_day import keep_today_closed
from collector.metric_files import end_metrics, forget_living, metrics_directory
from collector.place import load_database
from collector.scrape import start_collector_metrics
from footfall.announcement import Announcement
from footfall.clock import utc_now_ms
from footfall.example_site import ExampleSite
from footfall.metrics_server import MetricsServer
from footfall.process import bind_listener, own_directory
from footfall.supervisor import Part, Supervisor
from schema.durable_files import make_directory
from schema.format_settings import format_toml
from schema.settings import Settings, SiteSettings

EXAMPLE_DOMAIN = "example.com"


@dataclass(frozen=True)
class Choice:
    """Which parts to run."""

    collect: bool = True
    aggregate: bool = True
    dashboard: bool = True
    example: bool = False


def with_example(settings: Settings) -> Settings:
    """Return `settings` with the example site among the sites."""
    if settings.site_of(EXAMPLE_DOMAIN):
        return settings
    return dataclasses.replace(settings, site=(*settings.site, SiteSettings(EXAMPLE_DOMAIN)))


def serve(settings: Settings, choice: Choice, console: Console) -> int:
    """Run the chosen parts until Ctrl-C; return the exit code.

    Raises:
        StopError: an address or the data directory is taken.
    """
    if choice.collect and settings.collector.geo_database:
        load_database(settings.collector.geo_database)  # to know now; each worker reads it for itself
    with contextlib.ExitStack() as claims:
        if choice == Choice(example=choice.example):
            claims.callback(os.close, own_directory(settings.data_dir, "footfall.lock"))
            make_directory(settings.spool_dir)
            keep_today_closed(settings, utc_now_ms())
        parts, addresses = _parts(settings, choice, claims)
        if choice.example:
            site = ExampleSite(
                settings.example.listen,
                f"http://{settings.collector.listen}",
                EXAMPLE_DOMAIN,
                f"http://{settings.dashboard.listen}",
            )
            site.start()
            claims.callback(site.stop)
        console.print("Starting …")
        announcement = Announcement(console, settings, addresses, choice.example, utc_now_ms())
        code = Supervisor(parts, format_toml(settings), announcement.try_once).run()
        if code == 0:
            console.print("Stopped.")
        return code


def _parts(settings: Settings, choice: Choice, claims: contextlib.ExitStack) -> tuple[list[Part], list[str]]:
    """Return the child processes to start, and the addresses that will answer; sockets are bound here."""
    parts, addresses = [], []
    if choice.aggregate or choice.dashboard:
        arguments, descriptors = ["store-process", *(["--aggregate"] if choice.aggregate else [])], []
        if choice.dashboard:
            descriptors = [_listen("dashboard.listen", settings.dashboard.listen, claims)]
            addresses.append(settings.dashboard.listen)
            arguments += ["--fd", str(*descriptors)]
        parts.append(Part("the store process", arguments, descriptors))
    if choice.collect:
        descriptor = _listen("collector.listen", settings.collector.listen, claims)
        addresses.append(settings.collector.listen)
        metrics = metrics_directory(settings.data_dir)
        start_collector_metrics(metrics)
        claims.callback(end_metrics, metrics)
        if settings.collector.metrics_listen:
            claims.callback(MetricsServer(settings).stop)
        for number in range(1, settings.collector.workers + 1):
            arguments = ["worker", "--fd", str(descriptor), "--number", str(number)]
            forget = partial(forget_living, metrics, number)
            parts.append(Part(f"collector worker {number}", arguments, [descriptor], forget))
    return parts, addresses


def _listen(setting: str, address: str, claims: contextlib.ExitStack) -> int:
    return claims.enter_context(bind_listener(setting, address)).fileno()
