"""How long, and how far down, a page was read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snippet.tab import Tab, name_of
from support.browser import PageServer, RecordingCollector
from support.processes import wait_until

LOOK_AWAY = "document.hasFocus = () => false; dispatchEvent(new Event('blur'));"
FOCUSED = "document.hasFocus()"
LOOK_BACK = "document.hasFocus = () => true; dispatchEvent(new Event('focus'));"


@pytest.fixture
def tall(site: PageServer, embed: Callable[..., str]) -> PageServer:
    """A site whose /tall is five screens high."""
    site.pages["/tall"] = embed(body="<body style='margin: 0'><div style='height: 4000px'></div>")
    return site


@pytest.fixture
def clock(tab: Tab) -> Tab:
    """The tab, with a clock that only the test moves."""
    tab.page.clock.install()
    tab.page.clock.pause_at("2100-01-01")
    return tab


def engagements(tab: Tab, collector: RecordingCollector) -> list[tuple[str, int, int]]:
    """Return the path, milliseconds and depth of each engagement that was sent."""
    beacons = [beacon for beacon in tab.beacons_so_far(collector) if beacon["n"] == "engagement"]
    return [(name_of(beacon).split()[1], beacon["e"], beacon["sd"]) for beacon in beacons]


def test_time_counts_while_the_page_is_looked_at(clock: Tab, tall: PageServer, collector: RecordingCollector) -> None:
    clock.open(tall, "/tall")
    clock.page.clock.run_for(10_000)
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    assert engagements(clock, collector) == [("/tall", 10_000, 20)]

    clock.page.clock.run_for(60_000)
    clock.run(f"() => {{ {LOOK_BACK} }}")
    clock.page.clock.run_for(4_000)
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    assert engagements(clock, collector)[1:] == [("/tall", 4_000, 20)]


def test_only_the_tab_in_front_is_read(clock: Tab, tall: PageServer, collector: RecordingCollector) -> None:
    """Two real tabs: each tells what came since it was last in front."""
    tab, other = clock, Tab(clock.page.context.new_page())
    for each, path in ((other, "/two"), (tab, "/one")):
        each.open(tall, path)
    for each in (other, tab):
        # Else Chromium keeps every tab that a test drives in focus.
        session = each.page.context.new_cdp_session(each.page)
        session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})

    def bring(front: Tab, back: Tab) -> None:
        front.page.bring_to_front()
        wait_until(lambda: front.run(FOCUSED) and not back.run(FOCUSED), what="the other tab")

    for second, front, back in ((4, tab, other), (5, other, tab), (6, tab, other), (7, other, tab)):
        bring(front, back)
        front.page.clock.run_for(1000 * second)  # the clock of both
    bring(tab, other)
    assert [ms for _, ms, _ in engagements(tab, collector) if ms] == [4_000, 6_000]
    assert [ms for _, ms, _ in engagements(other, collector) if ms] == [5_000, 7_000]


def test_a_glance_is_told_only_with_the_next_longer_look(
    clock: Tab, tall: PageServer, collector: RecordingCollector
) -> None:
    clock.open(tall, "/tall")
    for milliseconds in (1_000, 2_999, 1):
        clock.page.clock.run_for(milliseconds)
        clock.run(f"() => {{ {LOOK_AWAY} {LOOK_BACK} }}")
    assert engagements(clock, collector) == [("/tall", 1_000, 20), ("/tall", 3_000, 20)]


def test_a_glance_further_down_is_told_at_once(clock: Tab, tall: PageServer, collector: RecordingCollector) -> None:
    clock.open(tall, "/tall")
    clock.run(f"() => {{ {LOOK_AWAY} {LOOK_BACK} }}")
    clock.run("() => { scrollTo(0, 1600); dispatchEvent(new Event('scroll')); scrollTo(0, 0) }")
    clock.page.clock.run_for(500)
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    assert engagements(clock, collector) == [("/tall", 0, 20), ("/tall", 500, 60)]


def test_the_end_of_the_page_is_a_hundred_per_cent(clock: Tab, tall: PageServer, collector: RecordingCollector) -> None:
    clock.open(tall, "/tall")
    clock.run("() => { scrollTo(0, 99999); dispatchEvent(new Event('scroll')) }")
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    assert engagements(clock, collector) == [("/tall", 0, 100)]


def test_scrolling_alone_sends_nothing(clock: Tab, tall: PageServer, collector: RecordingCollector) -> None:
    clock.open(tall, "/tall")
    clock.run("() => { scrollTo(0, 99); dispatchEvent(new Event('scroll')); dispatchEvent(new Event('scroll')) }")
    assert engagements(clock, collector) == []
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    clock.run("() => { for (let y = 0; y < 999; y += 9) { scrollTo(0, y); dispatchEvent(new Event('scroll')) } }")
    assert len(engagements(clock, collector)) == 1


def test_engagement_belongs_to_the_page_that_was_left(
    clock: Tab, tall: PageServer, collector: RecordingCollector
) -> None:
    clock.page.goto(tall.url("/tall"), referer="https://search.test/")
    clock.page.clock.run_for(5_000)
    clock.run("() => { scrollTo(0, 800); history.pushState({}, '', '/two') }")
    clock.page.clock.run_for(7_000)
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    first, engagement, second, last = clock.beacons_so_far(collector)
    assert [name_of(beacon) for beacon in (first, engagement, second)] == [
        "pageview /tall",
        "engagement /tall",
        "pageview /two",
    ]
    assert (engagement["r"], engagement["e"], engagement["sd"]) == ("https://search.test/", 5_000, 40)
    assert (last["r"], last["e"]) == ("", 7_000)


def test_a_page_inherits_nothing_from_the_one_before(
    clock: Tab, tall: PageServer, collector: RecordingCollector
) -> None:
    clock.open(tall, "/tall")
    clock.run("() => { scrollTo(0, 1600); dispatchEvent(new Event('scroll')) }")
    clock.run(f"() => {{ {LOOK_AWAY} {LOOK_BACK} }}")
    clock.page.clock.run_for(2_000)
    clock.run("() => { history.pushState({}, '', '/two'); scrollTo(0, 0) }")
    clock.page.clock.run_for(500)
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    assert engagements(clock, collector) == [("/tall", 0, 60), ("/two", 500, 20)]


def test_leaving_for_another_page_tells_it(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.open(site, "/one")
    tab.open(site, "/two")
    names = sorted(f"{beacon.fields['n']} {beacon.fields['u'][-4:]}" for beacon in collector.wait_for(3))
    assert names == ["engagement /one", "pageview /one", "pageview /two"]


def test_nothing_is_measured_while_the_page_loads(clock: Tab, tall: PageServer, collector: RecordingCollector) -> None:
    """Asked for where the page is scrolled to, a browser lays it out at once, whatever it was about to do."""
    clock.page.add_init_script("""
        window.asked = 0;
        const { get } = Object.getOwnPropertyDescriptor(window, "scrollY");
        Object.defineProperty(window, "scrollY", { get: () => (asked++, get.call(window)) });
    """)
    clock.open(tall, "/tall")
    assert clock.run("[document.readyState, asked]") == ["complete", 0]
    clock.run(f"() => {{ {LOOK_AWAY} }}")
    assert engagements(clock, collector) == [("/tall", 0, 20)]
    assert clock.run("asked") == 1


def test_a_page_swapped_before_its_address_changes_keeps_its_depth(
    clock: Tab, tall: PageServer, collector: RecordingCollector
) -> None:
    clock.open(tall, "/tall")
    clock.run("dispatchEvent(new Event('scroll'))")
    clock.page.clock.run_for(5_000)
    clock.run("() => { document.body.textContent = 'The next page'; history.pushState({}, '', '/two') }")
    assert engagements(clock, collector) == [("/tall", 5_000, 20)]
