"""The OpenAPI 3.1 description of the API, made of the words and structs that answer it. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dashboard.formulas import METRICS, REVENUE
from dashboard.period import LAST_HOURS, NAMED
from dashboard.query import MAX_LIMIT, Connective, Operator
from dashboard.question import Comparisons, Modifiers, Question
from dashboard.v1_words import INTERVALS, MAX_PAGE, PAGE_LIMIT
from dashboard.vocabulary import DIMENSIONS, PROPS, TIME

_REF = "#/components/schemas/{name}"
_TEXT: Mapping[str, Any] = {"type": "string"}


@functools.cache
def describe_api() -> dict[str, Any]:
    """Return the description, as JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Footfall Stats API",
            "version": "2",
            "description": "Counts of pageviews, visits and events. See docs/api.md for what each word means.",
        },
        "security": [{"token": []}, {}],
        "paths": {
            "/api/v2/query": {"post": _query()},
            "/api/v1/stats/realtime/visitors": {
                "get": _get("Visits that are open now", ["site_id"], {"type": "integer"})
            },
            "/api/v1/stats/aggregate": {"get": _get("Each metric once", [*_FILTERED, "compare"], _results("object"))},
            "/api/v1/stats/timeseries": {"get": _get("By time", [*_FILTERED, "interval"], _results("array"))},
            "/api/v1/stats/breakdown": {
                "get": _get("By a property", [*_FILTERED, "property", "limit", "page"], _results("array"))
            },
            "/api/export.csv": {"get": _export()},
            "/api/openapi.json": {"get": _self()},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {name: _error(text) for name, (text, _) in _ERRORS.items()},
        },
    }


_ERRORS = {
    "BadRequest": ("What is asked is not understood, or cannot be told; `field` names the part.", "400"),
    "Unauthorised": ("A token is needed.", "401"),
    "Forbidden": ("The token is for another site.", "403"),
    "NotFound": ("There is no such site.", "404"),
    "TooMany": ("The token has used up its hour; Retry-After says when to ask again.", "429"),
    "Unavailable": ("The store does not answer now; Retry-After says when to ask again.", "503"),
}

_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "site_id": {"required": True, "schema": _TEXT, "description": "The domain of a site."},
    "period": {"schema": {"type": "string", "enum": [*NAMED, "custom"], "default": "30d"}},
    "date": {"schema": _TEXT, "description": "The last day of the period, or `from,to` with period=custom."},
    "metrics": {"schema": {"type": "string", "default": "visitors"}, "description": "Words, joined by commas."},
    "filters": {"schema": _TEXT, "description": "`event:page==/a|/b;visit:source!=x`; * is any part of a value."},
    "property": {"schema": _TEXT, "description": "A dimension, such as `event:page`."},
    "interval": {"schema": {"type": "string", "enum": list(INTERVALS)}},
    "compare": {"schema": {"type": "string", "enum": ["previous_period", "year_over_year"]}},
    "limit": {"schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": PAGE_LIMIT}},
    "page": {"schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1}},
}
_FILTERED = ["site_id", "period", "date", "metrics", "filters"]


def _query() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _REF.format(name="Question")}}}
    return {
        "summary": "Ask one question",
        "operationId": "query",
        "requestBody": {"required": True, "content": content},
        "responses": _responses({"application/json": {"schema": {"$ref": _REF.format(name="Answer")}}}),
    }


def _get(summary: str, names: list[str], schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": [{"name": name, "in": "query", **_PARAMETERS[name]} for name in names],
        "responses": _responses({"application/json": {"schema": schema}}),
    }


def _export() -> dict[str, Any]:
    names = [*_FILTERED, "property", "interval", "limit", "page"]
    return _get("Rows as CSV", names, {}) | {"responses": _responses({"text/csv": {"schema": _TEXT}})}


def _self() -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {"summary": "This description", "responses": {"200": {"description": "OpenAPI 3.1", "content": content}}}


def _responses(content: dict[str, Any]) -> dict[str, Any]:
    errors = {status: {"$ref": f"#/components/responses/{name}"} for name, (_, status) in _ERRORS.items()}
    return {"200": {"description": "The answer.", "content": content}, **errors}


def _error(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": {"$ref": _REF.format(name="Error")}}}}


def _results(kind: str) -> dict[str, Any]:
    rows = {"type": kind, "items": {"type": "object"}} if kind == "array" else {"type": kind}
    return {"type": "object", "required": ["results"], "properties": {"results": rows}}


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([Question, Comparisons, Modifiers], ref_template=_REF)
    question = schemas["Question"]
    properties = question["properties"]
    properties["metrics"] = {"type": "array", "minItems": 1, "items": {"$ref": _REF.format(name="Metric")}}
    properties["dimensions"]["items"] = {"$ref": _REF.format(name="Dimension")}
    properties["date_range"] = {
        "anyOf": [{"type": "string", "enum": [*NAMED, LAST_HOURS]}, {"type": "array", "items": _TEXT, "minItems": 2}]
    }
    properties["filters"]["items"] = {"$ref": _REF.format(name="Filter")}
    return {
        **schemas,
        "Metric": {"type": "string", "enum": list(METRICS)},
        "Dimension": {
            "anyOf": [{"type": "string", "enum": list(DIMENSIONS)}, {"type": "string", "pattern": f"^{PROPS}.+"}]
        },
        "Filter": {"anyOf": [_comparison(), _combination(), _negation()]},
        "Answer": _answer(),
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": _TEXT, "field": _TEXT},
        },
    }


def _dimension(names: Sequence[str]) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "enum": list(names)}, {"type": "string", "pattern": f"^{PROPS}.+"}]}


def _comparison() -> dict[str, Any]:
    named = _dimension([name for name in DIMENSIONS if name not in TIME])
    return {
        "type": "array",
        "minItems": 3,
        "maxItems": 4,
        "prefixItems": [
            {"type": "string", "enum": [operator.value for operator in Operator]},
            named,
            {"type": "array", "items": _TEXT, "minItems": 1},
            {"$ref": _REF.format(name="Modifiers")},
        ],
    }


def _combination() -> dict[str, Any]:
    inner = {"type": "array", "minItems": 1, "items": {"$ref": _REF.format(name="Filter")}}
    words = [Connective.AND.value, Connective.OR.value]
    return {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [{"type": "string", "enum": words}, inner]}


def _negation() -> dict[str, Any]:
    items = [{"type": "string", "enum": [Connective.NOT.value]}, {"$ref": _REF.format(name="Filter")}]
    return {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": items}


def _answer() -> dict[str, Any]:
    money = {"type": "object", "description": f"An amount, for {' and '.join(REVENUE)}"}
    values = {"type": "array", "items": {"anyOf": [{"type": ["number", "null"]}, money]}}
    dimensions = {"type": "array", "items": _TEXT}
    comparison = {
        "type": "object",
        "properties": {"dimensions": dimensions, "metrics": values, "change": {"type": "array"}},
    }
    row = {
        "type": "object",
        "required": ["dimensions", "metrics"],
        "properties": {
            "dimensions": dimensions,
            "metrics": values,
            "is_other": {"type": "boolean"},
            "comparison": comparison,
        },
    }
    return {
        "type": "object",
        "required": ["results", "meta", "query"],
        "properties": {
            "results": {"type": "array", "items": row},
            "meta": {"type": "object"},
            "query": {"type": "object"},
        },
    }
