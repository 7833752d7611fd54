"""The volume is full when the aggregator is to archive: it gives up the reserve, and what was acknowledged counts."""

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.run import Aggregator
from schema.batch import utc_day
from schema.reserve import Reserve
from schema.settings import Settings, SiteSettings
from schema.store import Store
from support.embedded import shared_store
from support.hits import at, pageview
from support.segments import sealed_segment
from support.small_volume import fill, small_volume

DAY = utc_day(at("10:00"))


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


class OneStep(threading.Event):
    """Lets the loop run one step."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def test_a_full_volume_is_made_room_on_for_what_is_acknowledged(tmp_path: Path, store: Store) -> None:
    with small_volume(tmp_path / "data", 24) as volume:
        settings = Settings(data_dir=volume, site=(SiteSettings("example.com"),))
        now_ms = at("16:00")
        sealed_segment(settings.spool_dir, DAY, pageview("10:00"), created_at=1)
        assert Reserve(settings.spool_dir).make()
        fill(volume / "other")
        with pytest.raises(OSError, match=r"No space left") as full:
            Aggregator(settings, store, lambda: now_ms).run(OneStep())
        assert full.value.errno == errno.ENOSPC
        Aggregator(settings, store, lambda: now_ms).run(OneStep())  # the supervisor starts it again
        (manifest,), _ = Archive(settings.archive_dir, settings.node).manifests(DAY)
        assert manifest.tables["pageviews"].chunks[0].rows == 1
