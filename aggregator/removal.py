"""What was taken out of the archive for good: forgotten sites, and months that are no longer kept. The record of it.

`removals.json` is written before anything is taken out, so that whoever is interrupted knows what to go on with, and a
backup can tell rows that were taken out from rows that were lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from aggregator.chunks import Chunk
from schema.batch import Window
from schema.durable_files import make_directory, replace_file
from schema.errors import ArchiveDamagedError

NAME = "removals.json"


class ForgottenSite(msgspec.Struct, frozen=True, tag="forgotten site"):
    """Everything of one site that was received before an instant; if it is counted again later, that stays."""

    site: str
    until_ms: int
    is_done: bool = False  # in the store as well

    @property
    def until(self) -> Window:
        """The first window whose batch may have rows of the site."""
        return Window.of(self.until_ms)

    def may_touch(self, chunk: Chunk) -> bool:
        """Whether there may be rows to take out."""
        return chunk.window < self.until

    def keeps(self, rows: pa.Table) -> pa.Array:
        """Return for each row whether it stays."""
        windows = rows["batch"].to_numpy() >> np.uint64(16) & np.uint64((1 << 36) - 1)
        later = pa.array(windows >= np.uint64(self.until.index))
        return pc.or_(pc.not_equal(rows["site"], self.site), later)

    def takes(self, site: str, at_ms: int) -> bool:
        """Whether a record of the spool, of `site` and received then, must not count."""
        return site == self.site and at_ms < self.until_ms


class DroppedMonths(msgspec.Struct, frozen=True, tag="dropped months"):
    """Every row of a site's local day before `before`, the first day of a month."""

    before: date

    def may_touch(self, chunk: Chunk) -> bool:
        """Whether there are rows to take out: all of a chunk or none, since it is of one month."""
        return chunk.first_day < self.before

    def keeps(self, rows: pa.Table) -> pa.Array:
        """Return for each row whether it stays."""
        return pc.greater_equal(rows["day"], pa.scalar(self.before, pa.date32()))


Removal = ForgottenSite | DroppedMonths
IsForgotten = Callable[[str, int], bool]  # site and instant of a record → whether it must not count


class _File(msgspec.Struct, frozen=True):
    removals: tuple[Removal, ...]
    checksum: str = ""  # XXH3-128 of this with an empty checksum


def read_removals(root: Path) -> tuple[Removal, ...]:
    """Return what was taken out of the archive in `root`, or is being taken out.

    Raises:
        ArchiveDamagedError: the record cannot be read.
    """
    try:
        file = msgspec.json.decode((root / NAME).read_bytes(), type=_File)
    except FileNotFoundError:
        return ()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveDamagedError(f"archive/{NAME} cannot be read ({error})") from None
    if file.checksum != _checksum(file):
        raise ArchiveDamagedError(f"archive/{NAME} does not match its checksum")
    return file.removals


def write_removals(root: Path, removals: Iterable[Removal]) -> None:
    """Put the record there, durably."""
    make_directory(root)
    file = _File(tuple(removals))
    sealed = msgspec.structs.replace(file, checksum=_checksum(file))
    replace_file(root / NAME, msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n")


def kept_rows(rows: pa.Table, removals: Iterable[Removal]) -> pa.Table:
    """Return the rows that none of `removals` takes out."""
    for removal in removals:
        rows = rows.filter(removal.keeps(rows))
    return rows


def forgotten_records(removals: Iterable[Removal]) -> IsForgotten | None:
    """Return what tells records of forgotten sites from others; None if no site was forgotten."""
    forgotten = [removal for removal in removals if isinstance(removal, ForgottenSite)]
    return (lambda site, at_ms: any(removal.takes(site, at_ms) for removal in forgotten)) if forgotten else None


def _checksum(file: _File) -> str:
    return xxhash.xxh3_128_hexdigest(msgspec.json.encode(msgspec.structs.replace(file, checksum="")))
