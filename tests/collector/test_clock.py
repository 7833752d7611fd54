import time

from collector.clock import Clock


def test_it_shows_milliseconds_since_the_epoch() -> None:
    before = time.time() * 1000
    assert before - 1 <= Clock()() <= time.time() * 1000 + 1


def test_it_never_goes_back() -> None:
    wall = iter([100, 90, 101, 5])
    clock = Clock(lambda: next(wall))
    assert [clock() for _ in range(4)] == [100, 100, 101, 101]
