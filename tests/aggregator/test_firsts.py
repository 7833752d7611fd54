import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator.firsts import Firsts, keys_of

keys = st.lists(st.integers(0, 30) | st.just(2**64 - 1), max_size=20)


def array(values: list[int]) -> NDArray[np.uint64]:
    return np.array(values, np.uint64)


@given(st.lists(keys, max_size=12))
def test_each_key_is_first_exactly_once(batches: list[list[int]]) -> None:
    firsts, seen = Firsts(), set[int]()
    for batch in batches:
        expected = [key not in seen and key not in batch[:place] for place, key in enumerate(batch)]
        assert firsts.peek(array(batch)).tolist() == expected
        assert firsts.take(array(batch)).tolist() == expected
        seen |= set(batch)


def test_peeking_changes_nothing() -> None:
    firsts = Firsts()
    assert firsts.peek(array([1])).tolist() == firsts.peek(array([1])).tolist() == [True]


def test_the_number_of_runs_stays_small() -> None:
    firsts = Firsts()
    for number in range(1000):
        firsts.take(array([number]))
    assert len(firsts._runs) <= 10


def test_keys_differ_by_kind_column_and_order() -> None:
    one, two = array([1]), array([2])
    found = [keys_of("a", one, two), keys_of("b", one, two), keys_of("a", two, one), keys_of("a", one, one)]
    assert len({key.item() for key in found}) == 4


def test_keys_are_the_same_in_every_process() -> None:
    assert keys_of("view", array([7]), array([2**64 - 1])).tolist() == [6202007912242108186]


def test_a_million_neighbouring_keys_do_not_collide() -> None:
    numbers = np.arange(1_000_000, dtype=np.uint64)
    assert len(np.unique(keys_of("view", numbers // np.uint64(1000), numbers % np.uint64(1000)))) == 1_000_000
