from hypothesis import given
from hypothesis import strategies as st

from collector.recent import Recent


def test_what_was_put_is_found() -> None:
    recent: Recent[str, int] = Recent(4)
    recent.put("a", 1)
    assert (recent.get("a"), recent.get("b")) == (1, None)


@given(st.integers(2, 20), st.lists(st.integers(0, 60)))
def test_it_never_holds_more_than_its_capacity(capacity: int, keys: list[int]) -> None:
    recent: Recent[int, int] = Recent(capacity)
    for key in keys:
        if recent.get(key) is None:
            recent.put(key, key)
        assert recent.get(key) == key
        assert len(recent) <= capacity


@given(st.integers(4, 20))
def test_what_is_asked_for_again_and_again_stays(capacity: int) -> None:
    recent: Recent[int, str] = Recent(capacity)
    recent.put(0, "kept")
    for key in range(1, 200):
        recent.put(key, "new")
        assert recent.get(0) == "kept"


def test_what_is_not_asked_for_is_forgotten() -> None:
    recent: Recent[int, str] = Recent(4)
    for key in range(5):
        recent.put(key, "value")
    assert recent.get(0) is None
