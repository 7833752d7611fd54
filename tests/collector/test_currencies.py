import pytest

from collector.currencies import minor_units


@pytest.mark.parametrize(
    ("currency", "amount", "units"),
    [
        ("EUR", "19.99", 1999),
        ("EUR", "1e2", 10_000),
        ("EUR", "1e-999999999", 0),
        ("USD", "0.005", 0),  # half to even
        ("USD", "0.015", 2),
        ("USD", "-5", -500),  # a refund
        ("JPY", "1000", 1000),
        ("KRW", "1.5", 2),
        ("KWD", "1.234", 1234),
        ("EUR", "10000000000", 10**12),
    ],
)
def test_an_amount_is_kept_in_the_currencys_minor_units(currency: str, amount: str, units: int) -> None:
    assert minor_units(currency, amount) == units


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("eur", "1"), ("XXX", "1"), ("", "1"), ("EUR", ""), ("EUR", "much"), ("EUR", "19,99"), ("EUR", "NaN"),
        ("EUR", "Infinity"), ("EUR", "1e999999999"), ("EUR", "10000000000.01"), ("EUR", "9" * 4000),
    ],
)  # fmt: skip
def test_what_is_no_amount_of_a_currency_is_none(currency: str, amount: str) -> None:
    assert minor_units(currency, amount) is None
