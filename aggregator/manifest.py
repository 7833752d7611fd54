"""What an archived batch, or a compacted day or month of them, says of itself: its files, and each chunk's figures."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import IntEnum
from pathlib import Path

import msgspec
import pyarrow as pa
import xxhash

from aggregator.chunks import Chunk
from aggregator.day_directories import last_of_month, third_of_month
from schema.batch import Window
from schema.errors import ArchiveDamagedError

Figures = dict[str, tuple[Chunk, ...]]  # rollup name → its chunks

SUFFIX = ".json"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_PACKED = ".zst"  # a month's manifest has the figures of thousands of batches


class Span(IntEnum):
    """How much one manifest is of; what is in a larger one as well counts there."""

    WINDOW = 0
    DAY = 1
    THIRD = 2  # of a month
    MONTH = 3


class TableFile(msgspec.Struct, frozen=True):
    """One Parquet file: how to know it, and what is in it."""

    bytes: int
    checksum: str  # XXH3-128, hexadecimal
    chunks: tuple[Chunk, ...]


class Manifest(msgspec.Struct, frozen=True):
    """One node's batch of one window, or with no `window` all its batches of a UTC day.

    With `first_day` all those of a month, or a third of one: `day` is its last, in whose directory the files are.
    """

    node: int
    day: date
    window: int | None
    tables: dict[str, TableFile]
    versions: dict[str, str]  # of what wrote it
    checksum: str = ""  # XXH3-128 of this manifest with an empty checksum
    first_day: date | msgspec.UnsetType = msgspec.UNSET

    @property
    def stem(self) -> str:
        """The start of its files' names."""
        return stem_of(None if self.window is None else Window(self.window), self.node, self.span)

    @property
    def name(self) -> str:
        """The name of its own file."""
        return f"{self.stem}{SUFFIX}{_PACKED if self.span > Span.DAY else ''}"

    @property
    def span(self) -> Span:
        """How much it is of."""
        return span_of(self.window, self.day, self.first_day)

    @property
    def days(self) -> set[date]:
        """The UTC days of its batches."""
        return {chunk.window.day for file in self.tables.values() for chunk in file.chunks}

    @property
    def by_window(self) -> dict[Window, Figures]:
        """The figures of each window."""
        found: dict[Window, Figures] = {}
        for name, file in self.tables.items():
            for chunk in file.chunks:
                window = found.setdefault(chunk.window, {})
                window[name] = (*window.get(name, ()), chunk)
        return found


def figures_of(manifests: Iterable[Manifest], node: int) -> dict[Window, Figures]:
    """Return the figures of each window of one node."""
    own = [manifest for manifest in manifests if manifest.node == node]
    return {window: figures for manifest in own for window, figures in manifest.by_window.items()}


def span_of(window: object, day: date, first_day: date | msgspec.UnsetType) -> Span:
    """Return how much is from `first_day` to `day`, if that is set, or in a window, if there is one."""
    if isinstance(first_day, date):
        return Span.MONTH if first_day.day == 1 and day == last_of_month(day) else Span.THIRD
    return Span.DAY if window is None else Span.WINDOW


def stem_of(window: Window | None, node: int, span: Span = Span.DAY) -> str:
    """Return how the names of the files of a window's batch, or of something compacted, start."""
    return f"{window.name}-{node}" if window else f"{span.name.lower()}.{node}"


def whole_files(day: date, node: int) -> list[tuple[date, str]]:
    """Return the directories and names of the manifests that a node's compacted day may be in, the largest first."""
    spans = ((last_of_month(day), Span.MONTH), (third_of_month(day)[1], Span.THIRD))
    longer = [(last, f"{stem_of(None, node, span)}{SUFFIX}{_PACKED}") for last, span in spans]
    return [*longer, (day, f"{stem_of(None, node)}{SUFFIX}")]


def manifest_files(directory: Path) -> list[Path]:
    """Return the manifests in `directory`, by name."""
    return sorted([*directory.glob(f"*{SUFFIX}"), *directory.glob(f"*{SUFFIX}{_PACKED}")])


def stem_in(name: str) -> str:
    """Return the stem in the name of a manifest's file."""
    return name.removesuffix(_PACKED).removesuffix(SUFFIX)


def file_name(stem: str, table: str) -> str:
    """Return the name of the Parquet file of one rollup."""
    return f"{stem}.{table}.parquet"


def describe_file(content: bytes, chunks: Sequence[Chunk]) -> TableFile:
    """Return what a manifest says of a Parquet file with this content."""
    return TableFile(len(content), xxhash.xxh3_128_hexdigest(content), tuple(chunks))


def make_manifest(
    node: int,
    day: date,
    window: Window | None,
    tables: Mapping[str, TableFile],
    first_day: date | msgspec.UnsetType = msgspec.UNSET,
) -> Manifest:
    """Return the manifest of files written by this version."""
    return Manifest(node, day, window.index if window else None, dict(tables), _versions(), first_day=first_day)


@functools.cache
def _versions() -> dict[str, str]:
    """Return what writes; looking it up takes longer than encoding a manifest."""
    return {"footfall": importlib.metadata.version("footfall"), "pyarrow": pa.__version__}


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON that carries its own checksum; that of many days is compressed."""
    sealed = msgspec.structs.replace(manifest, checksum=_checksum(manifest))
    if manifest.span > Span.DAY:
        return bytes(pa.Codec("zstd", compression_level=19).compress(msgspec.json.encode(sealed), asbytes=True))
    return msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n"


def decode_manifest(content: bytes) -> Manifest:
    """Return the manifest.

    Raises:
        ArchiveDamagedError: it is no manifest, or not as it was written.
    """
    try:
        manifest = msgspec.json.decode(_unpack(content), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise ArchiveDamagedError(f"a manifest cannot be read ({error})") from None
    if manifest.checksum != _checksum(manifest):
        raise ArchiveDamagedError("a manifest does not match its checksum")
    return msgspec.structs.replace(manifest, checksum="")


def _unpack(content: bytes) -> bytes:
    if not content.startswith(_ZSTD_MAGIC):
        return content
    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as unpacked:
        return bytes(unpacked.read())


def _checksum(manifest: Manifest) -> str:
    return xxhash.xxh3_128_hexdigest(msgspec.json.encode(msgspec.structs.replace(manifest, checksum="")))
