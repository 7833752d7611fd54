import logging

import pytest

from aggregator.alarms import AlarmLog
from schema.errors import ArchiveDamagedError, SegmentDamagedError


def test_problems_are_counted_by_kind_kept_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    alarms = AlarmLog()
    with caplog.at_level(logging.ERROR):
        alarms.add([SegmentDamagedError("one"), SegmentDamagedError("two"), ArchiveDamagedError("three")])
    assert dict(alarms.counts) == {"SegmentDamagedError": 2, "ArchiveDamagedError": 1}
    assert list(alarms.latest) == caplog.messages == ["one", "two", "three"]


def test_only_the_last_few_are_kept_in_words() -> None:
    alarms = AlarmLog()
    alarms.add(SegmentDamagedError(str(number)) for number in range(50))
    assert list(alarms.latest) == [str(number) for number in range(30, 50)]
    assert alarms.counts["SegmentDamagedError"] == 50
