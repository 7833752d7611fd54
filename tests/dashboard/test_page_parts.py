"""The pure parts of the page: locales, comparisons, notes on days, the map's shades."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboard import world_map
from dashboard.annotations import Annotations
from dashboard.comparison import Against, earlier_period
from dashboard.filter_form import read_form
from dashboard.filters import Operator
from dashboard.list_row import ListRow
from dashboard.locale import DEFAULT, READER, choose_locale, format_day, format_integer, format_money
from dashboard.panels import PANELS, without_map
from dashboard.period import parse_dates, parse_period
from dashboard.view_filters import Filter

UTC = ZoneInfo("UTC")
NOW = 1_773_144_000_000  # 2026-03-10 12:00 UTC


@pytest.mark.parametrize(
    ("accepted", "number", "day", "money"),
    [
        ("", "1,234", "9 Mar 2026", "€12.30"),
        ("en-US,en;q=0.9", "1,234", "Mar 9, 2026", "€12.30"),
        ("xx,de;q=0.5", "1.234", "9. März 2026", "12,30\N{NO-BREAK SPACE}€"),
        ("en;q=0, *, ../../etc, de-x-y;q=z", "1,234", "9 Mar 2026", "€12.30"),
    ],
)
def test_a_reader_gets_the_formats_of_the_first_language_that_is_known(
    accepted: str, number: str, day: str, money: str
) -> None:
    token = READER.set(choose_locale(accepted))
    try:
        assert format_integer(1234) == number
        assert format_day(date(2026, 3, 9), "yMMMd") == day
        assert format_money(1230, "EUR") == money
    finally:
        READER.reset(token)
    assert READER.get() == DEFAULT


def test_amounts_have_the_digits_of_their_currency() -> None:
    found = [format_money(500, "JPY"), format_money(1500, "KWD"), format_money(-1230, "EUR")]
    assert found == ["JP¥500", "KWD1.500", "-€12.30"]


def test_a_year_earlier_is_the_same_dates_and_the_same_hours_of_a_day_not_over() -> None:
    leap = parse_dates("2024-02-01", "2024-02-29", UTC)
    earlier = earlier_period(leap, Against("year"), NOW)
    assert earlier is not None
    assert (earlier.start, earlier.last, earlier.until) == (date(2023, 2, 1), date(2023, 2, 28), None)
    today = earlier_period(parse_period("day", date(2026, 3, 10), UTC), Against("year"), NOW)
    assert today is not None
    assert (today.start, today.until) == (date(2025, 3, 10), 1_741_608_000)
    assert earlier_period(leap, Against("off"), NOW) is None


def test_notes_are_read_again_and_what_makes_no_sense_stops_nothing(tmp_path: Path) -> None:
    notes, march = Annotations(tmp_path), parse_dates("2026-03-01", "2026-03-31", UTC)
    assert notes.of("a.example", march) == []
    file = tmp_path / "notes.toml"
    file.write_text(
        '[[note]]\nday = 2026-03-02\ntext = "x"\n[[note]]\nday = 2026-03-03\ntext = "y"\nsite = "b.example"\n'
    )
    assert [note.text for note in notes.of("a.example", march)] == ["x"]
    file.write_text('[[note]]\nday = "soon"\n')
    assert notes.of("a.example", march) == []
    (tmp_path / "spool" / "quarantine" / "2026-03-05").mkdir(parents=True)
    assert [(note.day, note.kind) for note in notes.of("a.example", march)] == [(date(2026, 3, 5), "lost")]


def test_the_map_is_shaded_by_magnitude_and_leaves_out_what_it_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_map, "drawn_countries", lambda: frozenset(("DE", "FR", "MT")))
    rows = [ListRow(code, "/", number, str(number), "", "", code) for code, number in
            (("DE", 10_000), ("FR", 100), ("XX", 50), ("MT", 1))]  # fmt: skip
    shaded = world_map.shade_countries(rows)
    assert [(country.code, country.shade) for country in shaded] == [("DE", 5), ("FR", 2), ("MT", 1)]


def test_without_the_map_places_begin_with_the_list_of_countries() -> None:
    places = next(panel for panel in PANELS if panel.name == "places")
    assert places.tabs[0].name == "map"
    assert without_map(places).tabs[0].name == "countries"


def test_the_form_adds_what_an_address_can_say_and_nothing_else() -> None:
    assert read_form({"add": "country", "how": "is_not", "value": "germany"}) == Filter(
        "country", Operator.IS_NOT, ("DE",)
    )
    for odd in (
        {"how": "matches"},
        {"how": "x"},
        {"add": "colour"},
        {"add": "prop-"},
        {"how": "contains", "value": ""},
    ):
        assert read_form({"add": "source", "how": "is", "value": "x", **odd}) is None
