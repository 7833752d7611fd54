"""docs/api.md: each example is asked, and answers as it says; each word of the API is on the page."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from dashboard.formulas import METRICS
from dashboard.openapi import describe_api
from dashboard.query import Operator
from dashboard.vocabulary import DIMENSIONS
from support.dashboard_client import Client, token
from support.rollup_rows import RowWriter, row

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(json request|json answer|json error|json body|csv body|http)\n(.*?)```", PAGE, re.DOTALL)
PAIRS = [(BLOCKS[n], BLOCKS[n + 1]) for n in range(0, len(BLOCKS), 2)]


@pytest.fixture
def client(rows: RowWriter) -> Client:
    google = {"source": "Google", "country": "DE"}
    rows.add(
        "visits",
        row(visits=3, visitors=2, bounces=1, pageviews=7, events=1, duration_seconds=100, **google),
        row(source="Direct", country="FR", visits=1, visitors=1, bounces=1, pageviews=1, at="2026-03-09 23:00"),
    )
    rows.add(
        "pageviews",
        row(path="/", pageviews=4, visitors=2, visits=3, entries=3, bounces=1, **google),
        row(path="/b", pageviews=3, visitors=1, visits=2, exits=3, **google),
        row(path="/b", source="Direct", country="FR", pageviews=1, visitors=1, visits=1, at="2026-03-09 23:00"),
    )
    return Client(rows.store)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0][1].strip()[:60].replace("\n", " "))
def test_each_example_answers_as_the_page_says(client: Client, pair: Any) -> None:
    (kind, asked), (expected_kind, expected) = pair
    headers = {"Authorization": f"Bearer {token()}"}
    if kind == "http":
        answer = client.request("GET", asked.removeprefix("GET ").strip(), headers=headers)
        assert answer.status_code == 200, answer.text
        if expected_kind == "csv body":
            assert answer.text.replace("\r\n", "\n") == expected
        else:
            assert answer.json() == json.loads(expected)
        return
    question = json.loads(asked)
    check("Question", question)
    answer = client.request("POST", "/api/v2/query", json=question, headers=headers)
    if expected_kind == "json error":
        assert answer.status_code == 400
        assert json.loads(expected).items() <= answer.json().items()
        return
    assert answer.status_code == 200, answer.text
    check("Answer", answer.json())
    assert answer.json()["results"][0] == json.loads(expected)


def check(name: str, instance: Any) -> None:
    """Hold `instance` against the description that the API gives of itself."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": describe_api()["components"]}
    jsonschema.Draft202012Validator(schema).validate(instance)


def test_every_word_is_on_the_page() -> None:
    words = {*METRICS, *DIMENSIONS, *(operator.value for operator in Operator)}
    assert not [word for word in words if f"`{word}`" not in PAGE]


def test_the_description_is_valid_and_names_every_endpoint(client: Client) -> None:
    described = client.get("/api/openapi.json").json()
    OpenAPIV31SpecValidator(described).validate()
    routes = {route.path for route in client.app.routes if route.path.startswith("/api/")}  # type: ignore[attr-defined]
    assert {path for path in routes if "operator" not in path} == set(described["paths"])


def test_what_the_description_refuses_is_refused(client: Client) -> None:
    for wrong in ({"metrics": ["nonsense"]}, {"filters": [["is", "time:day", ["x"]]]}, {"dimensions": ["visit:shoe"]}):
        question = {"site_id": "example.com", "metrics": ["visits"], "date_range": "7d", **wrong}
        with pytest.raises(jsonschema.ValidationError):
            check("Question", question)
        assert client.query(token(), **question).status_code == 400
