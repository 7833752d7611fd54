import asyncio
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.closed_day import is_closed, keep_today_closed
from collector.spool_writer import SpoolWriter
from schema.batch import DAY_MS, day_start_ms, utc_day
from schema.errors import SpoolUnavailableError
from schema.fence import check_fence, read_fence
from schema.settings import Settings, SpoolSettings
from support.hits import at, pageview

NOON = at("12:00")
DAY = utc_day(NOON)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path)
    settings.spool_dir.mkdir()
    return settings


def close_day(settings: Settings) -> None:
    Archive(settings.archive_dir, settings.node).put(DAY, None, ())


def test_a_day_is_closed_once_it_is_archived_as_a_whole(settings: Settings) -> None:
    assert not is_closed(settings.archive_dir, DAY, settings.node)
    close_day(settings)
    assert is_closed(settings.archive_dir, DAY, settings.node)
    assert not is_closed(settings.archive_dir, DAY, settings.node + 1)


def test_hits_of_a_closed_day_are_refused_not_acknowledged(settings: Settings) -> None:
    close_day(settings)
    keep_today_closed(settings, NOON)
    writer = SpoolWriter(SpoolSettings(min_free_bytes=0), settings.spool_dir, 1, lambda: NOON)

    async def send() -> None:
        with pytest.raises(SpoolUnavailableError):
            await writer.append([pageview("12:00")])
        await writer.append([pageview("12:00", at=NOON + DAY_MS)])

    asyncio.run(send())
    writer.close()


def test_an_open_day_stays_open(settings: Settings) -> None:
    close_day(settings)
    keep_today_closed(settings, NOON + DAY_MS)
    assert read_fence(settings.spool_dir) == 0
    keep_today_closed(settings, NOON)
    assert read_fence(settings.spool_dir) == day_start_ms(DAY) + DAY_MS


def test_a_day_that_is_kept_closed_does_not_stop_the_next_start(settings: Settings) -> None:
    close_day(settings)
    keep_today_closed(settings, NOON)
    check_fence(settings.spool_dir, NOON)
