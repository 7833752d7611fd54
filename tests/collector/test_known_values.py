"""No sender fills memory with values of its own making: past a number of them, new ones are `(other)`."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import known_values
from collector.known_values import OTHER, KnownValues
from schema.hit import Hit
from support.hits import event, pageview

FIELDS = ("path", "hostname", "name", "source", "referrer", "utm_source", "utm_campaign", "browser_version", "language")

few_values = st.fixed_dictionaries({name: st.sampled_from([f"v{n}" for n in range(9)]) for name in FIELDS})
few_props = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("stuvwxyz"), max_size=3)


def made_hit(values: dict[str, str], props: dict[str, str], site: str = "example.com") -> Hit:
    fields: dict[str, Any] = {**values, "props": tuple(props.items()), "site": site}
    path, name = fields.pop("path"), fields.pop("name")
    return event("10:00", name, path=path, **fields)


@given(st.lists(st.builds(made_hit, few_values, few_props), max_size=60), st.integers(1, 5))
def test_of_each_field_at_most_so_many_go_by_name_the_first_of_them_and_they_stay(hits: list[Hit], most: int) -> None:
    known = KnownValues(most)
    found = [known.fold(hit) for hit in hits]
    for field in FIELDS:
        firsts = list(dict.fromkeys(getattr(hit, field) for hit in hits))[:most]
        assert [getattr(hit, field) for hit in found] == [
            value if (value := getattr(hit, field)) in firsts else OTHER for hit in hits
        ]
    keys = {key for hit in found for key, _ in hit.props} - {OTHER}
    assert len(keys) <= most
    for key in keys:
        assert len({value for hit in found for found_key, value in hit.props if found_key == key} - {OTHER}) <= most
    for before, after in zip(hits, found, strict=True):
        assert (after.at, after.visitor, after.kind, after.channel) == (
            before.at, before.visitor, before.kind, before.channel,
        )  # fmt: skip


def test_sites_do_not_take_each_others_room() -> None:
    known = KnownValues(1)
    for site in ("a.example", "b.example"):
        assert known.fold(pageview("10:00", path=f"/{site}", site=site)).path == f"/{site}"
        assert known.fold(pageview("10:01", path="/more", site=site)).path == OTHER


def test_what_is_empty_takes_no_room_and_stays_empty() -> None:
    known = KnownValues(1)
    assert known.fold(pageview("10:00", utm_term="")).utm_term == ""
    assert known.fold(pageview("10:00", utm_term="shoes")).utm_term == "shoes"


def test_all_sites_together_have_a_bound_and_each_its_share_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_values, "_MOST_IN_ALL", 100)
    known = KnownValues(1000, sites=2)
    flood = [known.fold(pageview("10:00", path=f"/{n}", site="flooded.example")).path for n in range(500)]
    assert 50 < sum(path != OTHER for path in flood) <= 100
    quiet = [known.fold(pageview("11:00", path=f"/{n}", site="quiet.example")).path for n in range(500)]
    assert "/0" in quiet
    assert 30 < sum(path != OTHER for path in quiet) <= 50


def test_each_property_has_room_of_its_own_and_one_too_many_takes_none() -> None:
    known = KnownValues(2)
    for n in range(9):
        known.fold(event("10:00", "buy", props=(("order", f"{n}"), ("plan", "pro"))))
    assert known.fold(event("11:00", "buy", props=(("order", "new"), ("plan", "free")))).props == (
        ("order", OTHER),
        ("plan", "free"),
    )
    assert known.fold(event("11:00", "buy", props=(("x", "1"), ("plan", "pro"), ("y", "2")))).props == (
        (OTHER, OTHER),
        ("plan", "pro"),
    )


def test_zero_means_any_number() -> None:
    known = KnownValues(0)
    assert all(known.fold(pageview("10:00", path=f"/{n}")).path == f"/{n}" for n in range(1000))


def test_it_is_said_once_of_which_site_and_field_and_never_which_value(caplog: pytest.LogCaptureFixture) -> None:
    known = KnownValues(2)
    with caplog.at_level(logging.WARNING, "footfall.collector"):
        for n in range(9):
            known.fold(pageview("10:00", path=f"/secret{n}"))
    assert [record.getMessage() for record in caplog.records] == [
        "example.com has had 2 distinct values of path (collector.most_values):"
        " until midnight new ones count as (other)"
    ]
