"""Hostile strings as values that are stored and asked for, and requests made at random: never an error of ours."""

import csv
import dataclasses
import io
import json
import os
import random
from typing import Any
from urllib.parse import urlencode

import pytest

from dashboard.export import FORMULA_SIGNS
from dashboard.formulas import METRICS
from dashboard.query import Operator
from dashboard.vocabulary import COLUMNS, DIMENSIONS
from support.dashboard_client import SETTINGS, Client, token
from support.hostile_strings import hostile_strings
from support.rollup_rows import RowWriter, row

COUNT = int(os.environ.get("FOOTFALL_TEST_HOSTILE", "400"))  # at most 9,000: an answer has 10,000 rows
FUZZED = int(os.environ.get("FOOTFALL_TEST_FUZZED", "200"))
AT_ONCE = 200
PLACES = {
    "event:page": ("pageviews", "path", "pageviews"),
    "visit:referrer": ("visits", "referrer", "visits"),
    "visit:utm_campaign": ("visits", "utm_campaign", "visits"),
    "event:name": ("events", "name", "events"),
    "event:props:plan": ("event_props", "value", "events"),
}
KEY = {"event_props": {"key": "plan"}}


@pytest.fixture
def client(embedded_rows: RowWriter) -> Client:
    texts = hostile_strings(COUNT)
    for table, column, measure in PLACES.values():
        found = ({column: text, measure: 1, **KEY.get(table, {})} for text in texts)
        embedded_rows.add(table, *(row(**each) for each in found))
    unlimited = dataclasses.replace(SETTINGS, dashboard=dataclasses.replace(SETTINGS.dashboard, api_rate=0))
    return Client(embedded_rows.store, unlimited)


@pytest.mark.parametrize("dimension", PLACES)
def test_every_hostile_string_comes_back_as_it_is_and_finds_itself_alone(client: Client, dimension: str) -> None:
    texts = hostile_strings(COUNT)
    metric = PLACES[dimension][2]
    asked: dict[str, Any] = {"dimensions": [dimension], "metrics": [metric], "pagination": {"limit": 10_000}}
    every = client.query(token(), **asked).json()["results"]
    others = {""} - set(texts)  # what has another of these texts instead
    assert {found["dimensions"][0] for found in every} - others == set(texts)
    for start in range(0, len(texts), AT_ONCE):
        some = texts[start : start + AT_ONCE]
        answer = client.query(token(), **asked, filters=[["is", dimension, some]])
        assert {found["dimensions"][0] for found in answer.json()["results"]} == set(some)
        without = client.query(token(), **asked, filters=[["is_not", dimension, some]])
        assert {found["dimensions"][0] for found in without.json()["results"]} - others == set(texts) - set(some)
    for text in random.Random(3).sample(texts, 12):
        for operator, meant in (("contains", lambda value, text=text: text in value), ("matches_wildcard", None)):
            value = text if meant else "".join("*" if letter == "*" else letter for letter in text)
            answer = client.query(token(), **asked, filters=[[operator, dimension, [value]]])
            assert answer.status_code == 200, (operator, text)
            found = {each["dimensions"][0] for each in answer.json()["results"]}
            assert text in found
            assert meant is None or found == set(filter(meant, texts))


@pytest.mark.parametrize("dimension", PLACES)
def test_no_cell_of_the_csv_is_a_formula_and_all_texts_are_in_it(client: Client, dimension: str) -> None:
    parts = {"site_id": "example.com", "period": "7d", "property": dimension, "metrics": PLACES[dimension][2]}
    headers = {"Authorization": f"Bearer {token()}"}
    answer = client.request("GET", f"/api/export.csv?{urlencode(parts)}", headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8"), newline="")))[1:]
    assert not [cell for cell, _ in lines if cell.startswith(FORMULA_SIGNS)]
    texts = hostile_strings(COUNT)
    lines = [line for line in lines if line[0]]
    assert {cell.removeprefix("'") if cell[1:2] in FORMULA_SIGNS else cell for cell, _ in lines} == {
        text.removeprefix("'") if text[1:2] in FORMULA_SIGNS else text for text in texts
    }


WORDS = [*METRICS, *DIMENSIONS, "event:props:plan", *(str(word) for word in Operator), "and", "or", "not", "7d", "asc"]


def anything(chance: random.Random, depth: int = 0) -> Any:
    """Some JSON."""
    kind = chance.randrange(8 if depth < 3 else 5)
    if kind < 2:
        return chance.choice(WORDS)
    if kind == 2:
        return chance.choice(hostile_strings(100)).encode("utf-8", "replace").decode()
    if kind == 3:
        return chance.choice([0, -1, 2**70, 1.5, True, False, None])
    if kind == 4:
        return chance.choice(list(COLUMNS))
    if kind < 7:
        return [anything(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(WORDS): anything(chance, depth + 1) for _ in range(chance.randrange(3))}


def a_question(chance: random.Random) -> dict[str, Any]:
    """A question with something odd in it, mostly."""
    filters = [
        [chance.choice([*map(str, Operator), "has_done"]), chance.choice(list(COLUMNS)), [str(anything(chance, 3))]]
        for _ in range(chance.randrange(3))
    ]
    question: dict[str, Any] = {
        "site_id": "example.com",
        "metrics": chance.sample(METRICS, chance.randrange(1, 4)),
        "date_range": chance.choice(["7d", "24h", "all", "12mo", ["2026-03-01", "2026-03-02"]]),
        "dimensions": chance.sample(DIMENSIONS, chance.randrange(3)),
        "filters": filters,
        "include": chance.choice([{}, {"total_rows": True}, {"comparisons": {"mode": "previous_period"}}]),
    }
    for _ in range(chance.randrange(2)):
        question[chance.choice([*question, "order_by", "pagination"])] = anything(chance)
    return question


def test_requests_at_random_are_answered_or_refused_by_field(client: Client) -> None:
    chance, seen = random.Random(5), set()
    for _ in range(FUZZED):
        question = a_question(chance)
        headers = {"Authorization": f"Bearer {token()}"}
        answer = client.request("POST", "/api/v2/query", content=json.dumps(question), headers=headers)
        seen.add(answer.status_code)
        assert answer.status_code in (200, 400, 404), (question, answer.text)
        assert answer.status_code == 200 or answer.json()["field"], question
    assert seen >= {200, 400}


def test_parameters_at_random_are_answered_or_refused_by_field(client: Client) -> None:
    chance, seen = random.Random(6), set()
    paths = ["/api/v1/stats/aggregate", "/api/v1/stats/timeseries", "/api/v1/stats/breakdown", "/api/export.csv"]
    odd = [*WORDS, *hostile_strings(60), "event:page==/a*|/b;visit:source!=x", "2026-03-01", "custom", "10"]
    names = ["period", "date", "metrics", "filters", "property", "interval", "limit", "page", "compare", "colour", ""]
    for _ in range(FUZZED):
        parts = {"site_id": "example.com", "property": "event:page", "metrics": "pageviews"}
        parts |= {chance.choice(names): chance.choice(odd) for _ in range(chance.randrange(4))}
        query = urlencode({name: value.encode("utf-8", "replace") for name, value in parts.items()})
        headers = {"Authorization": f"Bearer {token()}"}
        answer = client.request("GET", f"{chance.choice(paths)}?{query}", headers=headers)
        seen.add(answer.status_code)
        assert answer.status_code in (200, 400), (parts, answer.text)
        assert answer.status_code == 200 or answer.json()["field"], parts
    assert seen == {200, 400}
