"""An amount of money → minor units of its currency."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from schema.currencies import EXPONENTS

_MAX_MINOR_UNITS = 10**12  # so that nine million of them still add up in 64 bits


def minor_units(currency: str, amount: str) -> int | None:
    """Return `amount` of `currency` in minor units, rounded half to even; None if either is invalid."""
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        return None
    try:
        exact = Decimal(amount).scaleb(exponent)
        units = int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    except (ArithmeticError, ValueError):
        return None
    return units if abs(units) <= _MAX_MINOR_UNITS else None
