"""The first view: how much is sent, how soon it can be used, that nothing jumps, and that nobody else is asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from support.dashboard_server import signed_in

MOST_BYTES = 90_000
WITHIN_MS = 1000
PATIENCE = 10  # a machine that runs other tests as well

SHIFTS = """
new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 400);
})
"""


def test_the_first_view_is_light_quick_and_still(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address) as page:
        fresh = page.context.browser.new_context(storage_state=page.context.storage_state())
        first = fresh.new_page()
        session = fresh.new_cdp_session(first)
        session.send("Network.enable")
        sent: list[int] = []
        hosts: set[str] = set()
        session.on("Network.loadingFinished", lambda event: sent.append(int(event["encodedDataLength"])))
        first.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        first.goto(f"{dashboard.address}/example.com", wait_until="networkidle")
        timing = first.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
        assert first.evaluate(SHIFTS) == 0
        fresh.close()
    print(f"{sum(sent)} bytes in {len(sent)} answers, usable after {timing['domInteractive']:.0f} ms")
    assert sum(sent) <= MOST_BYTES
    assert timing["domContentLoadedEventEnd"] <= WITHIN_MS * PATIENCE
    assert hosts == {urlsplit(dashboard.address).netloc}


def test_a_refresh_moves_nothing(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com?period=day")
        page.evaluate("document.querySelector('[data-part=overview]').dataset.old = ''")
        dashboard.rows.add("visits", {"at": "2026-03-10 07:00", "visits": 2, "visitors": 2, "source": "Google"})
        expect(page.locator("[data-old]")).to_have_count(0, timeout=60_000)
        assert page.evaluate(SHIFTS) == 0
