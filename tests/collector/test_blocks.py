import socket

import pytest

from collector.blocks import Blocks
from schema.settings import SiteSettings


def packed(text: str) -> bytes:
    if ":" in text:
        return socket.inet_pton(socket.AF_INET6, text)[:8]
    return socket.inet_pton(socket.AF_INET, text)


@pytest.mark.parametrize(
    ("network", "address", "is_blocked"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("2001:db8:0:1::/64", "2001:db8:0:1:ff::", True),
        ("2001:db8:0:1::/64", "2001:db8:0:2::", False),
        ("2001:db8:0:1::5", "2001:db8:0:1::6", True),
        ("::/0", "192.0.2.1", False),
    ],
)
def test_networks(network: str, address: str, is_blocked: bool) -> None:
    assert Blocks(SiteSettings(blocked_addresses=(network,))).has_address(packed(address)) is is_blocked


@pytest.mark.parametrize(
    ("pattern", "path", "is_blocked"),
    [
        ("/admin", "/admin", True),
        ("/admin", "/admin/", False),
        ("/admin", "/administration", False),
        ("/admin/*", "/admin/users", True),
        ("/admin/*", "/admin/users/7", False),
        ("/admin/**", "/admin/users/7", True),
        ("/admin/**", "/admin", False),
        ("*.pdf", "/a.pdf", False),
        ("/*.pdf", "/a.pdf", True),
        ("**.pdf", "/a/b.pdf", True),
        ("/a.c", "/abc", False),
        ("/*/preview", "/post/preview", True),
        ("**", "/", True),
    ],
)
def test_paths(pattern: str, path: str, is_blocked: bool) -> None:
    assert Blocks(SiteSettings(blocked_paths=("/other", pattern))).has_path(path) is is_blocked


def test_a_site_without_blocks_blocks_nothing() -> None:
    blocks = Blocks(SiteSettings())
    assert not blocks
    assert not blocks.has_path("")
    assert not blocks.has_address(b"")
    assert Blocks(SiteSettings(blocked_countries=("DE",)))
