"""What an archived batch, or a compacted day of batches, says of itself: its files, and the figures of every chunk."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
import pyarrow as pa
import xxhash

from aggregator.chunks import Chunk
from schema.batch import Window
from schema.errors import ArchiveDamagedError

Figures = dict[str, tuple[Chunk, ...]]  # rollup name → its chunks

SUFFIX = ".json"


class TableFile(msgspec.Struct, frozen=True):
    """One Parquet file: how to know it, and what is in it."""

    bytes: int
    checksum: str  # XXH3-128, hexadecimal
    chunks: tuple[Chunk, ...]


class Manifest(msgspec.Struct, frozen=True):
    """One node's batch of one window, or with no `window` all its batches of a UTC day."""

    node: int
    day: date
    window: int | None
    tables: dict[str, TableFile]
    versions: dict[str, str]  # of what wrote it
    checksum: str = ""  # XXH3-128 of this manifest with an empty checksum

    @property
    def stem(self) -> str:
        """The start of its files' names."""
        return stem_of(None if self.window is None else Window(self.window), self.node)

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


def stem_of(window: Window | None, node: int) -> str:
    """Return how the names of the files of a window's batch, or of a compacted day, start."""
    return f"{window.name}-{node}" if window else f"day.{node}"


def file_name(stem: str, table: str) -> str:
    """Return the name of the Parquet file of one rollup."""
    return f"{stem}.{table}.parquet"


def describe_file(content: bytes, chunks: Sequence[Chunk]) -> TableFile:
    """Return what a manifest says of a Parquet file with this content."""
    return TableFile(len(content), xxhash.xxh3_128_hexdigest(content), tuple(chunks))


def make_manifest(node: int, day: date, window: Window | None, tables: Mapping[str, TableFile]) -> Manifest:
    """Return the manifest of files written by this version."""
    versions = {"footfall": importlib.metadata.version("footfall"), "pyarrow": pa.__version__}
    return Manifest(node, day, window.index if window else None, dict(tables), versions)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON that carries its own checksum."""
    sealed = msgspec.structs.replace(manifest, checksum=_checksum(manifest))
    return msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n"


def decode_manifest(content: bytes) -> Manifest:
    """Return the manifest.

    Raises:
        ArchiveDamagedError: it is no manifest, or not as it was written.
    """
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveDamagedError(f"a manifest cannot be read ({error})") from None
    if manifest.checksum != _checksum(manifest):
        raise ArchiveDamagedError("a manifest does not match its checksum")
    return msgspec.structs.replace(manifest, checksum="")


def _checksum(manifest: Manifest) -> str:
    return xxhash.xxh3_128_hexdigest(msgspec.json.encode(msgspec.structs.replace(manifest, checksum="")))
