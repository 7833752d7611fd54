"""A `clickhouse://` url → ServerUrl: where the server is, who asks, how the connection is protected. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from schema.errors import SettingError

EXPECTED = "clickhouse://user:password@host:9000/database, with ?secure=1 for TLS"
_PLAIN_PORT, _SECURE_PORT = 9000, 9440
_MAX_SECONDS = 3600
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SWITCHES = {"0": False, "1": True}
_COMPRESSIONS = ("lz4", "none")


@dataclass(frozen=True)
class ServerUrl:
    """What a `clickhouse://` url says; times in seconds."""

    host: str
    port: int
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "footfall"
    secure: bool = False
    verify: bool = True
    ca: str = ""  # the file with the certificates to trust; empty: the machine's
    cluster: str = ""  # the name in the servers' remote_servers; empty: one server
    compression: str = "lz4"
    connect_timeout: int = 5
    timeout: int = 60  # for sending, and for waiting for the next packet of an answer

    @property
    def address(self) -> str:
        """host:port, for errors."""
        return f"{self.host}:{self.port}"


def parse_server_url(url: str, name: str = "store.url") -> ServerUrl:
    """Return what `url`, the value of the setting `name`, says.

    Raises:
        SettingError: it is malformed, or has an option that there is not. The value, which may hold a password, is
            not in the error.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SettingError(name, "…", EXPECTED) from None
    database = parts.path.strip("/") or "footfall"
    if parts.scheme != "clickhouse" or not host or not _IDENTIFIER.fullmatch(database) or parts.fragment:
        raise SettingError(name, "…", EXPECTED)
    options = _options(parts, name)
    secure = _switch(options, "secure", False, name)
    return ServerUrl(
        host=host,
        port=port or (_SECURE_PORT if secure else _PLAIN_PORT),
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=database,
        secure=secure,
        verify=_switch(options, "verify", True, name),
        ca=options.get("ca", ""),
        cluster=_cluster(options, name),
        compression=_compression(options, name),
        connect_timeout=_seconds(options, "connect_timeout", 5, name),
        timeout=_seconds(options, "timeout", 60, name),
    )


def parse_server_urls(url: str, name: str = "store.url") -> tuple[ServerUrl, ...]:
    """Return what `url` says for each of its hosts: several, between commas, are of a cluster.

    Raises:
        SettingError: as parse_server_url; or several hosts without a cluster.
    """
    before, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, hosts = authority.rpartition("@")
    found = tuple(
        parse_server_url(f"{before}{slashes}{login}{at}{host}{slash}{path}", name) for host in hosts.split(",")
    )
    if len(found) > 1 and not found[0].cluster:
        raise SettingError(name, "…", f"{EXPECTED}; several hosts with ?cluster=name only")
    return found


def _options(parts: SplitResult, name: str) -> Mapping[str, str]:
    known = ("secure", "verify", "ca", "cluster", "compression", "connect_timeout", "timeout")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    if set(options) - set(known) or len(pairs) != len(options):
        raise SettingError(name, "…", f"{EXPECTED}; the options are {', '.join(known)}, each at most once")
    if options.get("secure") != "1" and {"verify", "ca"} & set(options):
        raise SettingError(name, "…", "verify and ca with secure=1 only: without TLS there is nothing to verify")
    return options


def _switch(options: Mapping[str, str], option: str, default: bool, name: str) -> bool:
    if option not in options:
        return default
    if options[option] not in _SWITCHES:
        raise SettingError(f"{name} ?{option}", options[option], "0 or 1")
    return _SWITCHES[options[option]]


def _seconds(options: Mapping[str, str], option: str, default: int, name: str) -> int:
    text = options.get(option, str(default))
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= _MAX_SECONDS:
        raise SettingError(f"{name} ?{option}", text, f"seconds, a whole number from 1 to {_MAX_SECONDS}")
    return int(text)


def _cluster(options: Mapping[str, str], name: str) -> str:
    cluster = options.get("cluster", "")
    if "cluster" in options and not _IDENTIFIER.fullmatch(cluster):
        raise SettingError(f"{name} ?cluster", cluster, "the name of a cluster: letters, digits and _")
    return cluster


def _compression(options: Mapping[str, str], name: str) -> str:
    compression = options.get("compression", "lz4")
    if compression not in _COMPRESSIONS:
        raise SettingError(f"{name} ?compression", compression, " or ".join(_COMPRESSIONS))
    return compression
