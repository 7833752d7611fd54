"""The settings as one frozen tree; each field says what it means, and a test holds `docs/settings.md` to that."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def _setting(default: Any, meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"meaning": meaning, "secret": secret}, repr=not secret)


@dataclass(frozen=True)
class SiteSettings:
    """One `[[site]]`: a website that may send beacons."""

    domain: str = _setting("", "the name that the snippet sends, and that the dashboard shows")
    timezone: str = _setting("UTC", "IANA name; days and hours on the dashboard are this zone's")
    hostnames: tuple[str, ...] = _setting((), "hosts whose pages count; empty: any host")
    public: bool = _setting(False, "whether anyone may read this site's dashboard")
    embed: tuple[str, ...] = _setting(
        (), "origins, such as https://a.example, whose pages may show a public site's numbers"
    )
    blocked_addresses: tuple[str, ...] = _setting((), "networks whose beacons do not count, such as 192.0.2.0/24")
    blocked_paths: tuple[str, ...] = _setting((), "pages that do not count; * is any part of a path without /, ** any")
    blocked_referrers: tuple[str, ...] = _setting((), "hosts whose visitors do not count, with their subdomains")
    blocked_countries: tuple[str, ...] = _setting((), "countries whose beacons do not count, such as DE")


DEFAULT_SITES = (SiteSettings("example.com"),)


@dataclass(frozen=True)
class CollectorSettings:
    """`[collector]`: the public process that receives beacons."""

    listen: str = _setting("127.0.0.1:8001", "host:port of the collector")
    workers: int = _setting(2, "worker processes, 1 to 64")
    trusted_proxies: tuple[str, ...] = _setting(
        (), "networks of the proxies in front, whose forwarded_header is believed"
    )
    forwarded_header: str = _setting(
        "x-forwarded-for", "the one header in which they name the client: x-forwarded-for or forwarded"
    )
    max_body_bytes: int = _setting(16_384, "the largest beacon taken; a larger one is answered 413")
    respect_dnt: bool = _setting(False, "whether DNT: 1 is an opt-out, as Sec-GPC: 1 always is")
    geo_database: str = _setting("", "a MaxMind-format file for country, region and city; empty: country by time zone")
    visitor_rate: int = _setting(600, "beacons a minute of one visitor on one site, per worker; 0: any number")
    site_rate: int = _setting(60_000, "beacons a minute for one site, over all workers; 0: any number")
    most_values: int = _setting(
        50_000,
        "distinct paths of a site that a worker counts by name in a day, and so of each other text; 0: any number",
    )
    script_path: str = _setting("/js/script.js", "where the snippet is served, besides /js/script.js")
    script_features: tuple[str, ...] = _setting(
        ("default",), "what it does under its plain name: pageviews, default, all, or features one by one"
    )
    metrics_listen: str = _setting("", "host:port for /metrics without a token, where no dashboard runs; empty: none")


@dataclass(frozen=True)
class SpoolSettings:
    """`[spool]`: the collector's durable queue."""

    segment_seconds: int = _setting(5, "a segment is sealed this long after its first hit")
    max_bytes: int = _setting(10_737_418_240, "above this the collector answers 503")
    min_free_bytes: int = _setting(1_073_741_824, "with less free on the volume the collector answers 503")


@dataclass(frozen=True)
class AggregatorSettings:
    """`[aggregator]`: the process that counts."""

    live_seconds: int = _setting(5, "how often visits still open are shown anew")
    keep_months: int = _setting(25, "whole months kept besides the current one; older ones are dropped; 0: all of them")


@dataclass(frozen=True)
class BackupSettings:
    """`[backup]`: the daily copy of the archive."""

    directory: str = _setting("", "where the archive is copied once a day, best on another disk; empty: nowhere")


@dataclass(frozen=True)
class StoreSettings:
    """`[store]`: where the counts are queried."""

    url: str = _setting(
        "chdb:",
        "chdb: for the embedded engine, chdb:PATH to have it elsewhere, or clickhouse://user:password@host:9000/database",
        secret=True,
    )
    read_url: str = _setting("", "the same for who only reads: the dashboard's user; empty: store.url", secret=True)


@dataclass(frozen=True)
class UserSettings:
    """One `[[dashboard.users]]`: someone who signs in with a name and a password. `*` stands for every site."""

    name: str = _setting("", "what they sign in with")
    password: str = _setting("", "its argon2id hash, as `footfall user add` prints it", secret=True)
    owner: tuple[str, ...] = _setting((), "sites of which they see everything")
    viewer: tuple[str, ...] = _setting((), "sites of which they see the numbers")


@dataclass(frozen=True)
class DashboardSettings:
    """`[dashboard]`: the private, read-only process."""

    listen: str = _setting("127.0.0.1:8000", "host:port of the dashboard")
    url: str = _setting("", "the address that people open, such as https://stats.example.com; empty: http://listen")
    users: tuple[UserSettings, ...] = _setting((), "who may sign in; `footfall user add` prints what to put here")
    share_secret: str = _setting("", "signs access tokens; empty: made at first start, kept in data_dir/secret",
                                 secret=True)  # fmt: skip
    api_rate: int = _setting(600, "requests an hour that one token may ask of the API; 0: any number")
    min_count: int = _setting(0, "values that fewer people a day had in common are folded into Other; 0 or 1: none")
    shared_min_count: int = _setting(10, "the same for shared and public views")


@dataclass(frozen=True)
class ExampleSettings:
    """`[example]`: the built-in example site."""

    listen: str = _setting("127.0.0.1:8002", "host:port of the example site, served by --example")


@dataclass(frozen=True)
class Settings:
    """All of it. Built by `load_settings`, then only passed on."""

    data_dir: Path = _setting(Path("data"), "spool/, archive/, warehouse/ and secret live here")
    node: int = _setting(1, "this host's number, 0 to 4095, when several write to one store")
    log_format: str = _setting("plain", "plain lines for people, or json for programs")
    site: tuple[SiteSettings, ...] = _setting(DEFAULT_SITES, "the websites")
    collector: CollectorSettings = field(default_factory=CollectorSettings)
    spool: SpoolSettings = field(default_factory=SpoolSettings)
    aggregator: AggregatorSettings = field(default_factory=AggregatorSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
    example: ExampleSettings = field(default_factory=ExampleSettings)

    @property
    def access_dir(self) -> Path:
        """Where the list of shared links is, and what was revoked."""
        return self.data_dir / "access"

    @property
    def spool_dir(self) -> Path:
        """Where segments live."""
        return self.data_dir / "spool"

    @property
    def archive_dir(self) -> Path:
        """Where batches live."""
        return self.data_dir / "archive"

    @property
    def warehouse_dir(self) -> Path:
        """Where the embedded store lives: in data_dir, or where a `chdb:PATH` says."""
        path = self.store.url.removeprefix("chdb:") if self.store.url.startswith("chdb:") else ""
        return Path(path) if path else self.data_dir / "warehouse"

    @property
    def backup_dir(self) -> Path | None:
        """Where the archive is copied once a day, if anywhere."""
        return Path(self.backup.directory) if self.backup.directory else None

    def site_of(self, domain: str) -> SiteSettings | None:
        """Return the site with this domain, or None."""
        return next((site for site in self.site if site.domain == domain), None)
