"""What a settings value must be beyond its type: ranges, addresses, domains, time zones."""

from __future__ import annotations

import ipaddress
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schema.batch import MAX_NODE
from schema.check_dashboard import check_dashboard, check_origins
from schema.errors import SettingError
from schema.server_url import parse_server_urls
from schema.settings import CollectorSettings, Settings, SiteSettings, StoreSettings
from schema.snippet import FEATURES, PRESETS, expand_features

_SCRIPT_PATH = re.compile(r"(?!/api/|/health/)(/[A-Za-z0-9_-]+)+\.js")
_DOMAIN = re.compile(r"(?!www\.)[^\s,/:@?#%\\\"'<>A-Z]+")
_MAX_DOMAIN = 253
DOMAIN_EXPECTED = "a host name in lower case such as example.com, without https:// or a path"
LOG_FORMATS = ("plain", "json")
FORWARDED_HEADERS = ("x-forwarded-for", "forwarded")


def check_settings(settings: Settings) -> None:
    """Return if every value makes sense.

    Raises:
        SettingError: one has the right type, but is out of range or malformed.
    """
    if settings.data_dir == Path():
        raise SettingError("data_dir", ".", "a directory of its own, such as data")
    _check_range("node", settings.node, 0, MAX_NODE)
    _check_range("collector.workers", settings.collector.workers, 1, 64)
    _check_range("collector.max_body_bytes", settings.collector.max_body_bytes, 256, 1_048_576)
    _check_range("collector.visitor_rate", settings.collector.visitor_rate, 0, 1_000_000)
    _check_range("collector.site_rate", settings.collector.site_rate, 0, 100_000_000)
    _check_range("collector.most_values", settings.collector.most_values, 0, 1_000_000)
    _check_range("spool.segment_seconds", settings.spool.segment_seconds, 1, 300)
    _check_range("spool.max_bytes", settings.spool.max_bytes, 1_048_576, 2**60)
    _check_range("spool.min_free_bytes", settings.spool.min_free_bytes, 0, 2**60)
    _check_range("aggregator.live_seconds", settings.aggregator.live_seconds, 1, 300)
    _check_range("aggregator.keep_months", settings.aggregator.keep_months, 0, 1200)
    _check_range("dashboard.api_rate", settings.dashboard.api_rate, 0, 10_000_000)
    if settings.backup_dir and settings.backup_dir.resolve().is_relative_to(settings.data_dir.resolve()):
        raise SettingError("backup.directory", settings.backup.directory, "a directory outside data_dir")
    _check_listens(settings)
    if settings.log_format not in LOG_FORMATS:
        raise SettingError("log_format", settings.log_format, " or ".join(LOG_FORMATS))
    if settings.collector.forwarded_header not in FORWARDED_HEADERS:
        raise SettingError(
            "collector.forwarded_header", settings.collector.forwarded_header, " or ".join(FORWARDED_HEADERS)
        )
    for network in settings.collector.trusted_proxies:
        _check_network("collector.trusted_proxies", network)
        if ipaddress.ip_network(network).prefixlen == 0:
            raise SettingError("collector.trusted_proxies", network, "your proxies only: who is not one may lie")
    _check_script(settings.collector)
    _check_store(settings.store)
    if 0 < len(settings.dashboard.share_secret) < 16:
        raise SettingError("dashboard.share_secret", "…", "at least 16 characters, or none")
    _check_sites(settings.site)
    check_dashboard(settings)


def is_domain(text: str) -> bool:
    """Whether a site may have this domain."""
    return bool(_DOMAIN.fullmatch(text)) and len(text) <= _MAX_DOMAIN


def _check_script(collector: CollectorSettings) -> None:
    if not _SCRIPT_PATH.fullmatch(collector.script_path):
        raise SettingError("collector.script_path", collector.script_path, "a path such as /js/stats.js")
    for name in collector.script_features:
        if expand_features((name,)) is None:
            raise SettingError("collector.script_features", name, f"some of {', '.join((*PRESETS, *FEATURES))}")


def _check_store(store: StoreSettings) -> None:
    if store.url.startswith("chdb:"):
        if store.read_url:
            raise SettingError("store.read_url", "…", "nothing, with the embedded store: it has no users")
        return
    if not store.url.startswith("clickhouse://"):
        raise SettingError("store.url", "…", "chdb:, chdb:PATH or clickhouse://user:password@host:9000/database")
    for name, url in (("store.url", store.url), ("store.read_url", store.read_url)):
        if url:
            parse_server_urls(url, name)


def _check_sites(sites: tuple[SiteSettings, ...]) -> None:
    if not sites:
        raise SettingError("site", [], "at least one site")
    seen: set[str] = set()
    for site in sites:
        if not is_domain(site.domain):
            raise SettingError("site.domain", site.domain, DOMAIN_EXPECTED)
        if site.domain in seen:
            raise SettingError("site.domain", site.domain, "each domain once")
        seen.add(site.domain)
        try:
            ZoneInfo(site.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingError("site.timezone", site.timezone, "an IANA time zone such as Europe/Berlin") from None
        for host in site.hostnames:
            if not _DOMAIN.fullmatch(host.lower().removeprefix("www.")):
                raise SettingError("site.hostnames", host, "host names such as shop.example.com, without https://")
        check_origins("site.embed", site.embed)
        _check_blocks(site)


def _check_blocks(site: SiteSettings) -> None:
    for network in site.blocked_addresses:
        _check_network("site.blocked_addresses", network)
    for path in site.blocked_paths:
        if not path.startswith(("/", "*")):
            raise SettingError("site.blocked_paths", path, "paths such as /internal/** or *.pdf")
    for host in site.blocked_referrers:
        if not _DOMAIN.fullmatch(host):
            raise SettingError("site.blocked_referrers", host, "host names in lower case such as spam.example")
    for country in site.blocked_countries:
        if country not in _countries():
            raise SettingError("site.blocked_countries", country, "countries by ISO 3166-1 such as DE or GB")


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingError(name, value, f"a whole number from {low} to {high}")


def _check_listens(settings: Settings) -> None:
    taken: dict[str, str] = {}
    sections = ("collector", "dashboard", "example")
    listens = {f"{section}.listen": getattr(settings, section).listen for section in sections}
    if settings.collector.metrics_listen:
        listens["collector.metrics_listen"] = settings.collector.metrics_listen
    for name, address in listens.items():
        _check_listen(name, address)
        if address in taken:
            raise SettingError(name, address, f"another address than {taken[address]}")
        taken[address] = name


def _check_listen(name: str, value: str) -> None:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise SettingError(name, value, "host:port, such as 127.0.0.1:8000")


_IPV4_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def _check_network(name: str, value: str) -> None:
    try:
        network = ipaddress.ip_network(value)
        is_mapped = network.version == 6 and network.subnet_of(_IPV4_MAPPED)
    except ValueError:
        raise SettingError(name, value, "networks such as 10.0.0.0/8 or ::1") from None
    if is_mapped:
        raise SettingError(name, value, "IPv4 networks written as such: 192.0.2.0/24, without ::ffff:")


@cache
def _countries() -> frozenset[str]:
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line[:2] for line in table.splitlines() if not line.startswith("#"))
