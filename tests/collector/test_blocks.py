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


def test_paths() -> None:
    blocks = Blocks(SiteSettings(blocked_paths=("/intern/**", "/*.pdf")))
    assert blocks.has_path("/intern/a/b")
    assert blocks.has_path("/a.pdf")
    assert not blocks.has_path("/a/b.pdf")


def test_a_site_without_blocks_blocks_nothing() -> None:
    blocks = Blocks(SiteSettings())
    assert not blocks
    assert not blocks.has_path("")
    assert not blocks.has_address(b"")
    assert Blocks(SiteSettings(blocked_countries=("DE",)))
