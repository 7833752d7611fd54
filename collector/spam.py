"""Referrer spam: hosts that claim to have sent visitors, so that who reads the numbers visits them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files


class SpamHosts:
    """Hosts whose visitors are made up; each names all its subdomains."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(host.strip().lower().removeprefix("www.") for host in hosts)

    def is_spam(self, host: str) -> bool:
        """Whether `host`, in lower case, is one of them or a subdomain of one."""
        while host:
            if host in self._hosts:
                return True
            host = host.partition(".")[2]
        return False


@cache
def load_spam_hosts() -> SpamHosts:
    """Return the hosts that Footfall comes with."""
    text = (files("collector") / "spam.toml").read_text(encoding="utf-8")
    return SpamHosts(tomllib.loads(text)["hosts"])
