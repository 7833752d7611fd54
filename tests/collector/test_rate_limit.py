import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.rate_limit import RateLimit

MINUTE_MS = 60_000


def test_a_full_bucket_has_a_minutes_worth() -> None:
    limit = RateLimit(5)
    assert [limit.take("a", 1000) for _ in range(6)] == [True] * 5 + [False]


def test_it_fills_again_steadily() -> None:
    limit = RateLimit(6)
    assert all(limit.take("a", 0) for _ in range(6))
    assert [limit.take("a", 9_999), limit.take("a", 10_000), limit.take("a", 10_001)] == [False, True, False]
    assert [limit.take("a", 2 * MINUTE_MS) for _ in range(7)] == [True] * 6 + [False]


def test_each_key_has_a_bucket_of_its_own() -> None:
    limit = RateLimit(1)
    assert limit.take("a", 0)
    assert limit.take("b", 0)
    assert not limit.take("a", 0)


def test_without_a_limit_everything_is_allowed_and_nothing_remembered() -> None:
    limit = RateLimit(0)
    assert all(limit.take("a", 0) for _ in range(1000))
    assert len(limit) == 0


def test_memory_is_bounded_whoever_comes() -> None:
    limit = RateLimit(1)
    for key in range(100_000):
        limit.take(key, 0)
    assert len(limit) <= 32_768


@given(st.integers(1, 50), st.lists(st.integers(0, 30_000), min_size=1))
def test_never_more_than_twice_the_rate_within_a_minute(rate: int, pauses: list[int]) -> None:
    """A full bucket, and what flows in meanwhile."""
    limit = RateLimit(rate)
    now, taken = 0, []
    for pause in pauses:
        now += pause
        taken += [now for _ in range(rate) if limit.take("a", now)]
    for start in taken:
        assert sum(start <= moment < start + MINUTE_MS for moment in taken) <= 2 * rate


@pytest.mark.parametrize("rate", [0.1, 0.5, 1])
def test_a_small_rate_allows_one_and_then_one_after_another(rate: float) -> None:
    limit = RateLimit(rate)
    refill_ms = round(MINUTE_MS / rate)
    assert [limit.take("a", 0), limit.take("a", 1)] == [True, False]
    assert limit.take("a", refill_ms)


def test_who_sends_nothing_any_more_is_forgotten_within_minutes() -> None:
    limit = RateLimit(10)
    limit.take("a code", 0)
    for now in range(0, 3 * MINUTE_MS, 15_000):
        limit.forget(now)
    assert len(limit) == 0


def test_what_is_forgotten_was_full_again() -> None:
    limit = RateLimit(3)
    assert [limit.take("a", 0) for _ in range(4)] == [True, True, True, False]
    for now in range(0, 60_001, 5000):
        limit.forget(now)
        assert now > 15_000 or not limit.take("a", now)
    assert [limit.take("a", 60_000) for _ in range(4)] == [True, True, True, False]
