"""What was taken out of the archive for good: forgotten sites, and months that are no longer kept. The record of it.

`removals.json` is written before anything is taken out, so that whoever is interrupted knows what to go on with, and a
backup can tell rows that were taken out from rows that were lost. It is there twice: without it what is forgotten could
come back.
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

NAME, COPY_NAME = "removals.json", "removals.copy.json"


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
    """Return what was taken out of the archive in `root`, or is being taken out: from the copy, if need be.

    Raises:
        ArchiveDamagedError: neither the record nor its copy can be read.
    """
    try:
        found = _read(root / NAME)
    except ArchiveDamagedError:
        copy = _read_copy(root)
        if copy is None:
            raise
        return copy
    if found is None:
        found = _read_copy(root)
    return found or ()


def write_removals(root: Path, removals: Iterable[Removal]) -> None:
    """Put the record and its copy there, durably."""
    make_directory(root)
    content = _encode(tuple(removals))
    replace_file(root / COPY_NAME, content)
    replace_file(root / NAME, content)


def mend_removals(root: Path) -> list[ArchiveDamagedError]:
    """Make record and copy the same again; return what was wrong with the record. For its only writer.

    Raises:
        ArchiveDamagedError: neither can be read.
    """
    removals = read_removals(root)
    problems = []
    try:
        if (root / COPY_NAME).exists() and _read(root / NAME) is None:
            problems = [ArchiveDamagedError(f"archive/{NAME} was missing: made anew from its copy")]
    except ArchiveDamagedError as error:
        problems = [ArchiveDamagedError(f"{error}: made anew from its copy")]
    content = _encode(removals)
    if any(path.exists() and path.read_bytes() != content for path in (root / NAME, root / COPY_NAME)) or (
        (root / NAME).exists() != (root / COPY_NAME).exists()
    ):
        write_removals(root, removals)
    return problems


def kept_rows(rows: pa.Table, removals: Iterable[Removal]) -> pa.Table:
    """Return the rows that none of `removals` takes out."""
    for removal in removals:
        rows = rows.filter(removal.keeps(rows))
    return rows


def forgotten_records(removals: Iterable[Removal]) -> IsForgotten | None:
    """Return what tells records of forgotten sites from others; None if no site was forgotten."""
    forgotten = [removal for removal in removals if isinstance(removal, ForgottenSite)]
    return (lambda site, at_ms: any(removal.takes(site, at_ms) for removal in forgotten)) if forgotten else None


def _read(path: Path) -> tuple[Removal, ...] | None:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveDamagedError(f"archive/{path.name} cannot be read ({error})") from None
    if file.checksum != _checksum(file):
        raise ArchiveDamagedError(f"archive/{path.name} does not match its checksum")
    return file.removals


def _read_copy(root: Path) -> tuple[Removal, ...] | None:
    try:
        return _read(root / COPY_NAME)
    except ArchiveDamagedError:
        return None


def _encode(removals: tuple[Removal, ...]) -> bytes:
    file = _File(removals)
    sealed = msgspec.structs.replace(file, checksum=_checksum(file))
    return msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n"


def _checksum(file: _File) -> str:
    return xxhash.xxh3_128_hexdigest(msgspec.json.encode(msgspec.structs.replace(file, checksum="")))
