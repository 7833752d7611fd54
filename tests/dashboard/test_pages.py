"""The pages as people get them: the right numbers in the right places, whatever strangers have put into them."""

import datetime as dt
import html
import re
from typing import Any

import pytest

from schema.store_embedded import EmbeddedStore
from support.dashboard_client import SETTINGS, Client
from support.rollup_rows import RowWriter, row

HOSTILE = "/<script>alert(1)</script>\"'&{{7*7}}"


@pytest.fixture
def client(store: EmbeddedStore) -> Client:
    return Client(store).sign_in()


@pytest.fixture
def busy(rows: RowWriter) -> RowWriter:
    """Today and yesterday on example.com, with someone there just now."""
    common = {"source": "Google", "country": "DE", "device": "Mobile", "browser": "Firefox", "os": "iOS"}
    rows.add(
        "visits",
        row(**common, entry_path="/", visits=4, visitors=3, bounces=1, pageviews=10, duration_seconds=240),
        row(at="2026-03-09 10:00", visits=2, visitors=2, bounces=1, pageviews=2, source="Direct / None"),
        row(at="2026-01-01 10:00", visits=1, visitors=1),
    )  # fmt: skip
    rows.add(
        "pageviews",
        row(**common, path="/", pageviews=6, visitors=3, active_visitors=3, visits=4, entries=4, bounces=1),
        row(**common, path=HOSTILE, pageviews=4, visitors=2, visits=2),
        row(at="2026-03-09 10:00", path="/", pageviews=2, visitors=2, active_visitors=2, visits=2, entries=2),
    )  # fmt: skip
    rows.add("rejections", row(reason="bot", hits=7), row(reason="opt_out", hits=1))
    rows.snapshot(1, 2, 2**60, dt.date(2026, 3, 10))
    rows.add_live("visits", 1, "a", row(visits=2, visitors=1, pageviews=2))
    rows.add_live("pageviews", 1, "a", row(path="/", pageviews=2, visitors=1, active_visitors=1, visits=2))
    return rows


def figures(page: str) -> dict[str, str]:
    return dict(re.findall(r'<li data-metric="(\w+)">.*?<data class="figure-value" value="([^"]*)"', page, re.DOTALL))


def panel_rows(page: str, panel: str) -> list[tuple[str, str]]:
    section = page.split(f' id="panel-{panel}"')[1].split("</section>", maxsplit=1)[0]
    found = re.findall(r'<span class="label">(.*?)</span>.*?class="value" value="(\d+)"', section)
    return [(html.unescape(name), value) for name, value in found]


def test_the_figures_are_those_of_the_period(client: Client, busy: RowWriter) -> None:
    assert figures(client.get("/example.com?period=day").text) == {
        "visitors": "4",
        "visits": "6",
        "pageviews": "12",
        "views_per_visit": "2.0",
        "bounce_rate": "17",
        "visit_duration": "40",
    }
    assert figures(client.get("/example.com?period=7d").text)["visitors"] == "6"
    assert figures(client.get("/example.com?period=custom&from=2026-03-09&to=2026-03-09").text)["pageviews"] == "2"


def test_visitors_of_several_days_are_called_what_they_are(client: Client, busy: RowWriter) -> None:
    assert "Visitors</span><small>daily, added up</small>" in client.get("/example.com?period=7d").text
    assert "daily, added up" not in client.get("/example.com?period=day").text


def test_every_panel_has_its_rows(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day&pages=entry&devices=browser").text
    assert panel_rows(page, "sources") == [("Google", "3"), ("Direct / None", "1")]
    assert panel_rows(page, "pages") == [("/", "4"), ("No page", "2")]
    assert panel_rows(page, "places") == [("Germany", "3"), ("Unknown", "1")]
    assert panel_rows(page, "devices") == [("Firefox", "3"), ("Unknown", "1")]


def test_what_strangers_wrote_is_only_ever_text(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day").text
    assert (HOSTILE, "2") in panel_rows(page, "pages")
    assert "<script>alert" not in page
    link = next(link for link in re.findall(r'<a href="([^"]+)" title="/&lt;', page))
    filtered = client.get(html.unescape(link)).text
    assert figures(filtered)["visitors"] == "2"
    assert "<script>alert" not in filtered


def test_a_filter_narrows_everything_and_can_be_taken_away(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day&source=Google").text
    assert figures(page)["visits"] == "4"
    assert panel_rows(page, "places") == [("Germany", "3")]
    assert 'href="/example.com?period=day" aria-label="Remove the filter Source is Google"' in page


def test_what_a_filter_cannot_tell_is_said_and_not_made_up(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day&page=/").text
    assert figures(page)["visit_duration"] == ""
    assert "not with this filter" in page
    both = client.get("/example.com?period=day&page=/&entry=/").text
    assert set(figures(both).values()) == {""}
    assert "Cannot be told together with the filters on Page and Entry page" in both


def test_where_visitors_cannot_be_told_a_panel_lists_pageviews(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day&has-page=/").text
    assert figures(page)["visitors"] == ""
    assert panel_rows(page, "sources")
    assert sum(int(views) for _, views in panel_rows(page, "sources")) == int(figures(page)["pageviews"])


def test_a_comparison_with_a_year_earlier_does_not_speak_of_yesterday(client: Client, rows: RowWriter) -> None:
    rows.add("visits", *(row(at=f"{day} 09:00", visits=1, visitors=1) for day in ("2025-03-10", "2026-03-10")))
    page = client.get("/example.com?period=day&compare=year").text
    assert "vs. a year earlier" in page
    assert "vs. 10 Mar 2025, up to the same hour" in page
    assert "yesterday at" not in page


@pytest.mark.parametrize("name", ["page", "entry", "exit", "event", "hostname", "source", "country", "utm_term", "os"])
def test_every_filter_goes_with_hours_and_with_months(client: Client, name: str) -> None:
    for period, metric in (("day", "visitors"), ("12mo", "bounce_rate")):
        assert client.get(f"/example.com?period={period}&{name}=x&metric={metric}").status_code == 200


def test_people_there_now_are_told_from_visits_still_open(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com").text
    assert '<data data-live value="2">2</data> people in the last 30 minutes' in page


def test_today_is_compared_with_yesterday_up_to_now(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day").text
    assert "+200%" in page
    assert "9 Mar 2026, up to the same hour" in page
    assert "Changes: vs. 9 Mar 2026, up to the same hour" in page
    assert "this hour, not over yet" in page
    assert "same hour" not in client.get("/example.com?period=yesterday").text


def test_there_is_no_comparison_with_a_time_before_the_first_visit(client: Client, busy: RowWriter) -> None:
    assert 'class="change' not in client.get("/example.com?period=12mo").text


def test_what_was_not_counted_is_told_by_reason(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day").text
    assert panel_rows(page, "rejected") == [("Bots", "7"), ("Opted out", "1")]
    assert "The sender is a known program" in page
    assert "Every beacon of this period was counted." in client.get("/example.com?period=yesterday").text


def test_the_table_begins_with_the_newest(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day").text
    assert re.findall(r'<th scope="row">(.*?)</th>', page)[:2] == ["12:00 – 13:00, so far", "11:00 – 12:00"]


STRAYS = "In the last 28 days 3 beacons named no site of footfall.toml, 5 were malformed."


@pytest.fixture
def strays(rows: RowWriter) -> RowWriter:
    """Beacons that belong to no site."""
    rows.add("rejections", row(site="", reason="unknown_site", hits=3), row(site="", reason="malformed", hits=5))
    rows.add("rejections", row(site="", at="2026-01-10 09:00", reason="malformed", hits=7))
    return rows


def test_beacons_of_no_site_are_told_to_who_reads_every_site(
    client: Client, busy: RowWriter, strays: RowWriter
) -> None:
    assert STRAYS in client.get("/").text
    assert "compare the <code>data-domain</code>" in client.get("/").text
    assert STRAYS not in client.get("/example.com").text
    assert STRAYS not in Client(client.store).sign_in("other.org").get("/").text


def test_beacons_of_no_site_are_told_to_who_waits_for_the_first_view(client: Client, strays: RowWriter) -> None:
    assert STRAYS in client.get("/other.org").text
    assert STRAYS not in Client(client.store).sign_in("other.org").get("/other.org").text


def test_beacons_of_no_site_are_told_on_the_page_of_the_only_site(
    store: EmbeddedStore, busy: RowWriter, strays: RowWriter
) -> None:
    settings = type(SETTINGS)(site=SETTINGS.site[:1])
    assert STRAYS in Client(store, settings=settings).sign_in().get("/example.com").text
    assert STRAYS not in Client(store, settings=settings).sign_in("example.com").get("/example.com").text


def test_without_beacons_of_no_site_nothing_is_said_of_them(client: Client, busy: RowWriter) -> None:
    assert "data-domain" not in client.get("/").text


def test_the_chart_has_a_slot_for_every_hour_and_a_line_until_now(client: Client, busy: RowWriter) -> None:
    page = client.get("/example.com?period=day").text
    assert page.count('class="slot') == 24
    assert len(re.findall(r'<g class="slot.*?<circle', page)) <= 24
    assert page.count("<circle cx=") - 2 * page.count('class="mark"') == 13
    assert "09:00 – 10:00: 4" in page


def test_all_of_a_panel_is_a_page_of_its_own(client: Client, rows: RowWriter) -> None:
    rows.add("visits", *(row(source=f"source {number:02d}", visits=1, visitors=1) for number in range(30)))
    assert len(panel_rows(client.get("/example.com?period=day").text, "sources")) == 9
    whole = client.get("/example.com?period=day&all=sources").text
    assert len(panel_rows(whole, "sources")) == 30
    assert "panel-places" not in whole


def test_a_site_without_a_count_shows_what_to_paste(client: Client) -> None:
    page = html.unescape(client.get("/example.com").text)
    address = SETTINGS.collector.listen
    assert f'<script defer data-domain="example.com" src="http://{address}/js/script.js"></script>' in page
    assert figures(page) == {}


def test_events_have_a_panel_where_there_are_some(client: Client, busy: RowWriter) -> None:
    assert "panel-events" not in client.get("/example.com?period=day").text
    busy.add("events", row(name="signup", events=3, visitors=2, visits=2))
    page = client.get("/example.com?period=day").text
    assert panel_rows(page, "events") == [("signup", "3")]
    assert figures(client.get("/example.com?period=day&event=signup").text) == {
        "visitors": "2",
        "visits": "2",
        "events": "3",
    }


def test_a_panel_of_events_that_cannot_be_told_says_so_and_keeps_its_tabs(client: Client, busy: RowWriter) -> None:
    busy.add("events", row(name="Sign-up", events=3, visitors=2, visits=2))
    for asked in ("entry=/", "events=revenue"):
        page = client.get(f"/example.com?period=day&{asked}").text
        assert 'id="panel-events"' in page
        assert panel_rows(page, "events") == []
    assert "Cannot be told together with the filter on Entry page." in client.get("/example.com?entry=/").text


def test_a_filter_on_a_property_or_a_currency_shows_the_figures_of_events(client: Client, busy: RowWriter) -> None:
    busy.add("events", row(name="Sign-up", events=3, visitors=2, visits=2, currency="EUR", revenue=500))
    busy.add("event_props", row(name="Sign-up", key="plan", value="pro", events=3, visitors=2))
    for asked in ("currency=EUR", "prop-plan=pro"):
        assert figures(client.get(f"/example.com?period=day&{asked}").text)["events"] == "3"


def test_a_site_whose_beacons_are_all_rejected_is_told_why(client: Client, rows: RowWriter) -> None:
    rows.add("rejections", row(reason="bot", hits=7))
    page = client.get("/example.com?period=day").text
    assert "Waiting for the first page view" in page
    assert panel_rows(page, "rejected") == [("Bots", "7")]


def test_the_list_of_sites_has_a_card_for_each(client: Client, busy: RowWriter) -> None:
    page = client.get("/").text
    assert re.findall(r"<h2>(.*?)</h2>.*?<p class=\"site-visitors\"><data value=\"(\d+)\"", page, re.DOTALL) == [
        ("example.com", "4"),
        ("other.org", "0"),
        ("open.example", "0"),
    ]


def test_a_card_adds_up_28_days_and_compares_them_with_the_28_before(client: Client, rows: RowWriter) -> None:
    days = {
        "2026-01-13": 50,
        "2026-01-14": 2,
        "2026-02-10": 2,
        "2026-02-11": 3,
        "2026-03-10": 5,
    }  # the first is too old
    rows.add("visits", *(row(at=f"{day} 09:00", visits=count, visitors=count) for day, count in days.items()))
    card = client.get("/").text.split('data-site="example.com"')[1].split("</a>")[0]
    assert "8 in 28 days" in card
    assert "+100%" in card
    assert "Nobody in 28 days" in client.get("/").text.split('data-site="other.org"')[1].split("</a>")[0]


def test_a_reader_of_one_site_is_taken_to_it(store: EmbeddedStore) -> None:
    one = Client(store, settings=type(SETTINGS)(site=SETTINGS.site[:1])).sign_in()
    answer = one.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/example.com")


def test_an_unchanged_page_is_not_sent_again(client: Client, busy: RowWriter) -> None:
    etag = client.get("/example.com").headers["etag"]
    assert client.get("/example.com", headers={"If-None-Match": etag}).status_code == 304
    busy.add_live("visits", 1, "a", row(visits=1))
    assert client.get("/example.com", headers={"If-None-Match": etag}).status_code == 200


def test_numbers_on_the_page_and_in_the_api_are_the_same(client: Client, busy: RowWriter) -> None:
    names = ["visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"]
    body: dict[str, Any] = {"site_id": "example.com", "metrics": names, "date_range": "day"}
    answer = client.request("POST", "/api/v2/query", json=body).json()
    told = figures(client.get("/example.com?period=day").text)
    assert [str(value) for value in answer["results"][0]["metrics"]] == [told[name] for name in names]
