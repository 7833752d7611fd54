"""GET /api/v1/stats/… and /api/export.csv: parameters, filters, limits, and who sees rare values."""

import dataclasses
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from dashboard.api_limit import HOUR_MS, ApiLimit
from dashboard.export import defuse
from dashboard.v1_words import read_filters
from schema.errors import QueryError
from support.dashboard_client import SETTINGS, Client, token
from support.rollup_rows import RowWriter, row


@pytest.fixture
def client(embedded_rows: RowWriter) -> Client:
    embedded_rows.add(
        "visits",
        row(source="Google", visits=3, visitors=2, pageviews=7),
        row(source="Direct", visits=1, visitors=1, pageviews=1, at="2026-03-09 23:00"),
        row(source="Google", visits=6, visitors=6, at="2026-03-03 10:00"),
        row(source="Google", visits=30, visitors=30, at="2026-03-09 10:00", site="open.example"),
        row(source="x", visits=11, visitors=11, at="2026-03-09 10:00", site="open.example"),
        row(source="rare", visits=2, visitors=2, at="2026-03-09 10:00", site="open.example"),
    )
    embedded_rows.add("events", row(name="buy", events=2, visitors=1, visits=1, revenue=1250, currency="EUR"))
    return Client(embedded_rows.store)


def get(client: Client, path: str, **parameters: str) -> Any:
    given = {"site_id": "example.com", "period": "7d", "metrics": "visits", **parameters}
    return client.request("GET", path, params=given, headers={"Authorization": f"Bearer {token()}"})


def test_an_aggregate_can_be_compared(client: Client) -> None:
    answer = get(client, "/api/v1/stats/aggregate", compare="previous_period").json()
    assert answer == {"results": {"visits": {"value": 4, "change": -33}}}


def test_a_series_has_a_row_for_every_bucket(client: Client) -> None:
    days = get(client, "/api/v1/stats/timeseries", period="custom", date="2026-03-08,2026-03-10").json()["results"]
    assert days == [
        {"date": "2026-03-08", "visits": 0},
        {"date": "2026-03-09", "visits": 1},
        {"date": "2026-03-10", "visits": 3},
    ]
    months = get(client, "/api/v1/stats/timeseries", interval="month").json()["results"]
    assert months == [{"date": "2026-03-01", "visits": 4}]


def test_a_breakdown_has_pages(client: Client) -> None:
    first = get(client, "/api/v1/stats/breakdown", property="visit:source", limit="1").json()
    second = get(client, "/api/v1/stats/breakdown", property="visit:source", limit="1", page="2").json()
    assert (first["results"], second["results"]) == (
        [{"source": "Google", "visits": 3}],
        [{"source": "Direct", "visits": 1}],
    )


def test_revenue_is_told_in_its_currency(client: Client) -> None:
    answer = client.query(
        token(), metrics=["total_revenue", "average_revenue"], filters=[["is", "event:currency", ["EUR"]]]
    )
    total, average = answer.json()["results"][0]["metrics"]
    assert (total["value"], total["currency"], average["value"]) == (12.5, "EUR", 6.25)
    refused = client.query(token(), metrics=["total_revenue"], dimensions=["event:name"])
    assert "several currencies do not add up" in refused.json()["error"]


def test_current_visitors_are_a_number(client: Client) -> None:
    answer = client.get("/api/v1/stats/realtime/visitors?site_id=open.example")
    assert answer.json() == 0


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"period": "5d"}, "period"),
        ({"date": "yesterday"}, "date"),
        ({"period": "custom", "date": "2026-03-01"}, "date_range"),
        ({"filters": "visit:source"}, "filters"),
        ({"filters": "visit:shoe==x"}, "filters"),
        ({"metrics": "shoes"}, "metrics"),
        ({"property": "visit:shoe"}, "property"),
        ({"property": ""}, "property"),
        ({"limit": "0"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"page": "x"}, "page"),
        ({"compare": "x"}, "compare"),
        ({"shoe": "x"}, "shoe"),
        ({"a b": "x"}, "parameters"),
        ({"site_id": ""}, "site_id"),
        ({"property": "visit:city", "filters": "event:page==/"}, "metrics"),
    ],
)
def test_a_refusal_names_the_parameter(client: Client, parameters: dict[str, str], field: str) -> None:
    answer = get(client, "/api/v1/stats/breakdown", **({"property": "visit:source"} | parameters))
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("event:page==/a|/b;visit:source!=x", [["is", "event:page", ["/a", "/b"]], ["is_not", "visit:source", ["x"]]]),
        ("event:page==/blog/**", [["matches_wildcard", "event:page", ["/blog/**"]]]),
        ("event:page!=*.html", [["matches_wildcard_not", "event:page", ["*.html"]]]),
        (r"visit:utm_campaign==a\|b\;c", [["is", "visit:utm_campaign", ["a|b;c"]]]),
        ("visit:source~oog", [["contains", "visit:source", ["oog"]]]),
        ("visit:source!~oog", [["contains_not", "visit:source", ["oog"]]]),
        ("event:page==/a=b", [["is", "event:page", ["/a=b"]]]),
    ],
)
def test_filters_of_the_older_api(text: str, expected: list[Any]) -> None:
    assert read_filters(text) == expected


@pytest.mark.parametrize("text", ["x", "==x", "visit:source==", "visit:source==|"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        read_filters(text)


def test_the_same_rare_values_are_folded_in_api_older_api_and_csv_for_who_holds_no_token(client: Client) -> None:
    query = {"site_id": "open.example", "metrics": ["visits"], "dimensions": ["visit:source"]}
    public = {row["dimensions"][0]: row["metrics"][0] for row in client.query(**query).json()["results"]}
    assert public == {"Google": 30, "Other": 13}
    owned = {row["dimensions"][0]: row["metrics"][0] for row in client.query(token(), **query).json()["results"]}
    assert owned == {"Google": 30, "x": 11, "rare": 2}
    parts = "site_id=open.example&period=7d&metrics=visits&property=visit:source"
    older = client.get(f"/api/v1/stats/breakdown?{parts}").json()["results"]
    assert {row["source"]: row["visits"] for row in older} == public
    lines = client.get(f"/api/export.csv?{parts}").text.split("\r\n")[1:-1]
    assert dict(line.split(",") for line in lines) == {name: str(visits) for name, visits in public.items()}


def test_a_token_has_so_many_requests_an_hour_and_then_waits(client: Client) -> None:
    few = dataclasses.replace(SETTINGS, dashboard=dataclasses.replace(SETTINGS.dashboard, api_rate=2))
    limited = Client(client.store, few)
    mine, other = token(), token(days=7)
    assert [limited.query(mine).status_code for _ in range(3)] == [200, 200, 429]
    headers = {"Authorization": f"Bearer {mine}"}
    answer = limited.request("GET", "/api/v1/stats/aggregate?site_id=example.com", headers=headers)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 1801
    assert answer.json()["field"] == "token"
    assert limited.query(other).status_code == 200


def test_a_bucket_fills_again_evenly() -> None:
    now = [1_000_000]
    limit = ApiLimit(4, lambda: now[0])
    for _ in range(4):
        limit.count("a")
    with pytest.raises(HTTPException):
        limit.count("a")
    now[0] += HOUR_MS // 4
    limit.count("a")
    with pytest.raises(HTTPException):
        limit.count("a")
    ApiLimit(0, lambda: 0).count("a")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_formulas_are_defused(text: str) -> None:
    assert defuse(text) == f"'{text}"
    assert defuse(f"a{text}") == f"a{text}"


def test_rows_by_dimension_and_time_are_compared(client: Client) -> None:
    compared = {"comparisons": {"mode": "previous_period"}}
    by_source = client.query(token(), metrics=["visits"], dimensions=["visit:source"], include=compared).json()
    google, direct = by_source["results"]
    assert google["comparison"] == {"dimensions": ["Google"], "metrics": [6], "change": [-50]}
    assert direct["comparison"] == {"dimensions": ["Direct"], "metrics": [0], "change": [100]}
    by_day = client.query(token(), metrics=["visits"], dimensions=["time:day"], include=compared).json()["results"]
    assert by_day[-1]["comparison"] == {"dimensions": ["2026-03-03"], "metrics": [6], "change": [-50]}
    a_year = client.query(token(), metrics=["visits"], include={"comparisons": {"mode": "year_over_year"}}).json()
    assert a_year["query"]["include"]["comparisons"]["date_range"] == ["2025-03-04", "2025-03-10"]


def test_the_last_24_hours_are_24_hours(client: Client) -> None:
    by_hour = client.query(token(), metrics=["visits"], dimensions=["time"], date_range="24h").json()["results"]
    assert len(by_hour) == 24
    assert (by_hour[0]["dimensions"], by_hour[-1]["dimensions"]) == (["2026-03-09 13:00:00"], ["2026-03-10 12:00:00"])
    assert sum(row["metrics"][0] for row in by_hour) == 4
    assert client.query(token(), metrics=["visits"], date_range="24h").json()["results"][0]["metrics"] == [4]
    refused = client.query(token(), metrics=["visitors"], date_range="24h").json()
    assert (refused["field"], "time:hour" in refused["error"]) == ("metrics", True)
