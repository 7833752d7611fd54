import pytest

from collector.sites import Sites
from schema.settings import SiteSettings

PLAIN = SiteSettings("example.com")
STRICT = SiteSettings("www.shop.example", hostnames=("www.shop.example", "Checkout.example"))
SITES = Sites([PLAIN, STRICT])


@pytest.mark.parametrize(
    ("domain", "site"),
    [("example.com", PLAIN), ("shop.example", STRICT), ("blog.example.com", None), ("other.example", None), ("", None)],
)
def test_a_site_is_found_by_its_domain(domain: str, site: SiteSettings | None) -> None:
    assert SITES.find(domain) is site


@pytest.mark.parametrize(
    ("site", "host", "is_counted"),
    [
        (PLAIN, "anything.example", True),
        (STRICT, "shop.example", True),
        (STRICT, "checkout.example", True),
        (STRICT, "copy.example", False),
    ],
)
def test_pages_count_on_any_host_unless_hosts_are_named(site: SiteSettings, host: str, is_counted: bool) -> None:
    assert SITES.is_counted_host(site, host) is is_counted


@pytest.mark.parametrize(
    ("site", "host", "is_own"),
    [
        (PLAIN, "example.com", True),
        (PLAIN, "blog.example.com", True),
        (PLAIN, "notexample.com", False),
        (STRICT, "shop.example", True),
        (STRICT, "checkout.example", True),
        (STRICT, "example.com", False),
    ],
)
def test_a_site_knows_its_own_hosts(site: SiteSettings, host: str, is_own: bool) -> None:
    assert SITES.is_own_host(site, host) is is_own
