"""A scripted day of browsing, through the real collector and aggregator: the dashboard's numbers are what was done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import xxhash
from playwright.sync_api import Browser, Page

from schema.hit import Hit, Kind
from support.browser import ORDINARY_USER_AGENT, PageServer, launch_chromium
from support.processes import Footfall, running_footfall, wait_until
from trackers.visit import records_in

QUEUE = "<script>window.footfall ||= function () { (footfall.q ||= []).push(arguments) }</script>"
BODY = """<a id="out" href="https://other.test/shop?token=abc">Out</a> <a id="file" href="/guide.pdf?user=7">Guide</a>
<button data-footfall="Signup" data-footfall-props='{"plan":"team"}'>Sign up</button>
<script>addEventListener("click", (event) => event.preventDefault())</script>"""
PATHS = ("/", "/news", "/guide")


@pytest.fixture(scope="module")
def footfall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Footfall]:
    with running_footfall(tmp_path_factory.mktemp("footfall")) as footfall:
        yield footfall


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launch_chromium(f"--user-agent={ORDINARY_USER_AGENT}") as browser:
        yield browser


@pytest.fixture
def site(footfall: Footfall) -> Iterator[PageServer]:
    """A site with the tag that `footfall snippet --pin` prints: a version of its own, with its integrity."""
    printed = footfall.run("snippet", "--site", "example.com", "--features", "all", "--pin")
    assert printed.returncode == 0, printed.stderr
    tag = printed.stdout.splitlines()[1].replace("<script defer", "<script defer data-test")
    assert re.search(r'src="http://\S+/js/script\.all\.v[0-9a-f]{16}\.js" integrity="sha256-\S+"', tag)
    with PageServer(dict.fromkeys(PATHS, f"<!doctype html><title>A page</title>{QUEUE}{tag}{BODY}")) as site:
        yield site


def ask(footfall: Footfall, token: str, metrics: list[str], dimensions: list[str]) -> dict[Any, list[int]]:
    """Return the answer of the statistics API: key of each row → its figures."""
    question = {"site_id": "example.com", "metrics": metrics, "date_range": "day", "dimensions": dimensions}
    address = f"http://{footfall.dashboard}/api/v2/query"
    answer = httpx.post(address, json=question, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return {tuple(row["dimensions"]): row["metrics"] for row in answer.json()["results"]}


def visit(page: Page, site: PageServer) -> None:
    """Two pages, one of them within the page, an event of each kind; four page views in all."""
    for path in ("/", "/news"):
        with page.expect_response("**/api/event"):
            page.goto(site.url(path, "shop.test"))
    page.evaluate("history.pushState({}, '', '/guide')")
    page.locator("#out").click()
    page.locator("#file").click()
    page.get_by_role("button").click()
    page.evaluate("footfall('Order', {revenue: {currency: 'EUR', amount: 9.5}})")
    page.evaluate("footfall('Shown', {interactive: false})")
    page.goto(site.url("/", "shop.test"))


def glance(page: Page, site: PageServer) -> None:
    """One page and an event that nobody did: a bounce."""
    page.goto(site.url("/news", "shop.test"))
    with page.expect_response("**/api/event"):
        page.evaluate("footfall('Shown', {interactive: false})")


def read_dashboard(chromium: Browser, footfall: Footfall) -> dict[str, Any]:
    """Return the numbers that its owner reads on the site's page of today."""
    link = wait_until(lambda: re.search(r"http://\S+/login\?token=\S+", footfall.log_file.read_text()))
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(link[0])
    page.goto(f"http://{footfall.dashboard}/example.com?period=day")
    read: dict[str, Any] = {}
    for metric in ("visitors", "visits", "pageviews", "bounce_rate"):
        read[metric] = page.locator(f'[data-metric="{metric}"] data').first.get_attribute("value")
    for panel in ("pages", "places"):
        rows = page.locator(f'[data-part="panel-{panel}"] .rows li').all()
        read[panel] = {
            row.locator(".label").inner_text(): row.locator("data.value").get_attribute("value") for row in rows
        }
    context.close()
    return read


def test_the_dashboard_shows_what_was_done(chromium: Browser, site: PageServer, footfall: Footfall) -> None:
    errors: list[str] = []
    for act, version in ((visit, "142"), (glance, "141")):
        context = chromium.new_context(
            timezone_id="Europe/Berlin", user_agent=ORDINARY_USER_AGENT.replace("142", version)
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        act(page, site)
        page.goto("about:blank")
        context.close()
    assert errors == []
    found = re.search(r"token=(\S+)", footfall.run("token", "--site", "example.com").stdout)
    assert found
    token = found[1]

    def views() -> dict[Any, list[int]]:
        return ask(footfall, token, ["pageviews"], ["event:page"])

    wait_until(lambda: sum(figures[0] for figures in views().values()) == 5, 60, "five page views")
    assert views() == {("/",): [2], ("/news",): [2], ("/guide",): [1]}
    assert ask(footfall, token, ["visitors", "visits", "bounce_rate"], []) == {(): [2, 2, 50]}
    assert ask(footfall, token, ["visits"], ["visit:country"]) == {("DE",): [2]}

    assert read_dashboard(chromium, footfall) == {
        "visitors": "2",
        "visits": "2",
        "pageviews": "5",
        "bounce_rate": "50",
        "pages": {"/": "1", "/news": "2", "/guide": "1"},  # visitors of each
        "places": {"Germany": "2"},
    }

    hits = [record for record in records_in(footfall.data_dir / "spool") if isinstance(record, Hit)]
    events = sorted((hit.name, hit.path, tuple(hit.props), hit.interactive) for hit in hits if hit.kind is Kind.EVENT)
    own = site.url("", "shop.test")
    assert events == [
        ("File Download", "/guide", (("url", f"{own}/guide.pdf"),), True),
        ("Order", "/guide", (), True),
        ("Outbound Link: Click", "/guide", (("url", "https://other.test/shop"),), True),
        ("Shown", "/guide", (), False),
        ("Shown", "/news", (), False),
        ("Signup", "/guide", (("plan", "team"),), True),
    ]
    assert [(hit.currency, hit.revenue) for hit in hits if hit.name == "Order"] == [("EUR", 950)]
    assert all(hit.event_id for hit in hits)


def test_a_pinned_script_outlives_an_update(footfall: Footfall) -> None:
    kept = footfall.data_dir / "scripts"
    old = b"console.log('an older version')"
    version = xxhash.xxh3_64_hexdigest(old)
    kept.mkdir(exist_ok=True)
    (kept / f"{version}.js").write_bytes(old)
    (kept / "0123456789abcdef.js").write_bytes(b"not what its name says")
    answer = httpx.get(f"http://{footfall.collector}/js/script.all.v{version}.js", timeout=30)
    assert answer.content == old
    assert "immutable" in answer.headers["cache-control"]
    for name in ("v0123456789abcdef", "v" + "0" * 16, "v" + "A" * 16, "v"):
        missing = httpx.get(f"http://{footfall.collector}/js/script.all.{name}.js", timeout=30)
        assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store"), name


def test_files_of_the_day_name_nobody(footfall: Footfall) -> None:
    spool = b"".join(path.read_bytes() for path in Path(footfall.data_dir / "spool").rglob("*") if path.is_file())
    assert b"token=abc" not in spool
    assert b"user=7" not in spool
