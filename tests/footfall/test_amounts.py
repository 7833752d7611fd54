import pytest

from footfall.amounts import amount, size


@pytest.mark.parametrize(("count", "said"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (1200, "1,200 days")])
def test_one_is_one_and_all_else_are_many(count: int, said: str) -> None:
    assert amount(count, "day") == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (31_400, "31 KB"), (9_230_930, "9 MB"), (12 * 10**12, "12,000 GB")],
)
def test_a_size_has_three_digits_until_there_is_no_larger_unit(count: int, said: str) -> None:
    assert size(count) == said
