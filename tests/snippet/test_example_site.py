"""The example site: every page answers, embeds the snippet, and counts as it should in a browser."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest

from footfall.example_site import ASSETS, PAGES, ExampleSite
from schema.errors import AddressInUseError, SettingError
from snippet.tab import Tab, name_of
from support.browser import RecordingCollector

DASHBOARD = "http://127.0.0.1:8000"


@pytest.fixture
def example(collector: RecordingCollector) -> Iterator[ExampleSite]:
    site = ExampleSite("127.0.0.1:0", collector.url(), "example.com", DASHBOARD)
    site.start()
    yield site
    site.stop()


def fetch(site: ExampleSite, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Return status, content type and text of one answer."""
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", [*PAGES, "/about/", "/pricing?ref=news"])
def test_a_page_embeds_the_snippet_and_links_to_the_dashboard(
    example: ExampleSite, collector: RecordingCollector, path: str
) -> None:
    status, kind, html = fetch(example, path)
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert f'data-domain="example.com" data-test src="{collector.url("/js/script.all.js")}"' in html
    assert f'href="{DASHBOARD}"' in html


def test_no_link_leads_nowhere(example: ExampleSite) -> None:
    found = set()
    for path in PAGES:
        html = fetch(example, path)[2]
        found |= {urljoin(path, link) for link in re.findall(r'(?:href|src)="([^"]+)"', html)}
    for link in sorted(found):
        if link.startswith("/"):
            assert fetch(example, link.partition("#")[0])[0] == 200, link
    assert {f"/{name}" for name in ASSETS} <= {link.partition("#")[0] for link in found}


@pytest.mark.parametrize("path", ["/nowhere", "/../settings.py", "/%2e%2e/example_site.py", "/layout.html", "//x"])
def test_anything_else_is_not_found(example: ExampleSite, path: str) -> None:
    status, _, html = fetch(example, path)
    assert status == 404
    assert "The path ends here" in html


def test_head_has_no_body(example: ExampleSite) -> None:
    assert fetch(example, "/", "HEAD") == (200, "text/html; charset=utf-8", "")


def test_facts_are_escaped() -> None:
    site = ExampleSite("127.0.0.1:0", "http://c", '"><script>', "http://d")
    site.start()
    try:
        assert "&quot;&gt;&lt;script&gt;" in fetch(site, "/")[2]
    finally:
        site.stop()


def test_a_taken_address_says_which_setting_to_change(example: ExampleSite) -> None:
    address = urlsplit(example.url).netloc
    with pytest.raises(AddressInUseError) as caught:
        ExampleSite(address, "http://c", "example.com", DASHBOARD).start()
    assert (caught.value.setting, caught.value.address) == ("example.listen", address)


def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    with pytest.raises(SettingError) as caught:
        ExampleSite("192.0.2.1:8002", "http://c", "example.com", DASHBOARD).start()
    assert caught.value.name == "example.listen"


def test_stop_frees_the_address_and_ends_the_thread() -> None:
    before = threading.active_count()
    site = ExampleSite("127.0.0.1:0", "http://c", "example.com", DASHBOARD)
    site.start()
    host, port = urlsplit(site.url).hostname, urlsplit(site.url).port
    site.stop()
    site.stop()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, port), timeout=5):
        pass


def test_the_planner_counts_its_steps_and_survives_a_reload(
    tab: Tab, example: ExampleSite, collector: RecordingCollector
) -> None:
    page = tab.page
    page.goto(example.url)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Planner").click()
    page.get_by_role("link", name="Pack for it").click()
    page.get_by_role("link", name="Mind the light").click()
    page.go_back()
    tab.wait_for([f"pageview {path}" for path in ("/", "/app", "/app/packing", "/app/daylight", "/app/packing")])
    assert page.get_by_role("heading", name="What goes in the bag?").is_visible()
    page.reload()
    assert page.get_by_role("heading", name="What goes in the bag?").is_visible()
    assert tab.names_so_far(collector)[-1] == "pageview /app/packing"


def test_buttons_send_events(tab: Tab, example: ExampleSite, collector: RecordingCollector) -> None:
    tab.page.goto(f"{example.url}/pricing")
    tab.page.get_by_role("button", name="Subscribe").nth(1).click()
    assert tab.page.get_by_role("button", name="Thank you, walker").is_disabled()
    event = tab.beacons_so_far(collector)[-1]
    assert (name_of(event), event["props"]) == ("Subscribe /pricing", {"plan": "Walker"})
    assert event["revenue"] == {"currency": "EUR", "amount": 36}


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_is_wider_than_the_screen(tab: Tab, example: ExampleSite, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 800})
    widths = {}
    for path in [*PAGES, "/nowhere"]:
        tab.page.goto(example.url + path)
        widths[path] = tab.run("document.documentElement.scrollWidth")
    assert set(widths.values()) == {width}, widths
