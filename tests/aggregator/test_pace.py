import contextlib

from aggregator.pace import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Backoff, Interval


class Clock:
    """Seconds that a test turns forward."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_due_at_first_and_then_after_the_interval() -> None:
    clock = Clock()
    interval = Interval(5, clock)
    assert interval.is_due
    with interval.measured():
        pass
    clock.now += 4.9
    assert not interval.is_due
    clock.now += 0.1
    assert interval.is_due


def test_what_takes_long_takes_at_most_a_tenth_of_the_time() -> None:
    clock = Clock()
    interval = Interval(5, clock)
    with interval.measured():
        clock.now += 2
    clock.now += 17.9
    assert not interval.is_due
    clock.now += 0.2
    assert interval.is_due


def test_what_fails_has_taken_its_time_as_well() -> None:
    clock = Clock()
    interval = Interval(5, clock)
    with contextlib.suppress(OSError), interval.measured():
        clock.now += 2
        raise OSError
    clock.now += 17.9
    assert not interval.is_due
    clock.now += 0.2
    assert interval.is_due


def test_pauses_grow_while_it_fails_and_start_anew_after_a_success() -> None:
    clock = Clock()
    backoff = Backoff(clock)
    pauses = []
    for _ in range(12):
        assert backoff.is_over
        backoff.fail()
        start = clock.now
        while not backoff.is_over:
            clock.now += 0.5
        pauses.append(clock.now - start)
    assert pauses[:3] == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    backoff.succeed()
    backoff.fail()
    clock.now += FIRST_PAUSE_SECONDS
    assert backoff.is_over
