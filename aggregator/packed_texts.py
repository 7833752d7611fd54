"""The texts of many hits, as places in their MessagePack → the distinct ones, and which one each hit has."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from aggregator.cursor import Bytes, Places

# Texts, and groups of neighbouring fields as they are packed: each has two edges, in this order.
SLICES = ("site", "hostname", "path", "name", "acquisition", "client", "props", "currency")


class NotPlainError(Exception):
    """The payloads are not what the collector writes; perhaps the general decoder can read them."""


def texts_between(content: Bytes, edges: Places) -> dict[str, pa.DictionaryArray]:
    """Return the distinct texts of each kind, and which one each hit has.

    All edges of all hits, in order, are the offsets of one Arrow array: its even values are the texts.
    """
    count, width = edges.shape
    if not count:
        return dict.fromkeys(SLICES, pa.array([], pa.binary()).dictionary_encode())
    offsets = np.ascontiguousarray(edges, np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    pieces = pa.Array.from_buffers(pa.binary(), count * width - 1, buffers)
    rows = np.arange(0, count * width, width)
    found = {name: pieces.take(pa.array(rows + 2 * place)).dictionary_encode() for place, name in enumerate(SLICES)}
    return {name: _checked(name, texts) for name, texts in found.items()}


def _checked(name: str, found: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return `found` if its texts are UTF-8: what was passed over so far are only their lengths."""
    try:
        if name not in _DECODE:
            return pa.DictionaryArray.from_arrays(found.indices, found.dictionary.cast(pa.string()))
        header, fields, decode = _DECODE[name]
        for piece in _not_ascii(found.dictionary, fields):
            decode(header + piece.as_py())
    except (pa.ArrowInvalid, msgspec.DecodeError, UnicodeDecodeError):
        raise NotPlainError("a text is not UTF-8") from None
    return found


def _not_ascii(pieces: pa.BinaryArray, fields: int) -> pa.BinaryArray:
    """Return those that have other bytes from 128 on than the heads of `fields` texts, which all of them have."""
    _, offsets, content = pieces.buffers()
    edges = np.frombuffer(offsets, np.int32)[: len(pieces) + 1]
    is_high = np.frombuffer(content, np.uint8)[: edges[-1]] >= 0x80
    if np.count_nonzero(is_high) == fields * len(pieces):
        return pieces[:0]
    high = np.append(0, np.cumsum(is_high))[edges]
    return pieces.filter(pa.array(np.diff(high) != fields))


_DECODE = {
    "acquisition": (b"\x98", 8, msgspec.msgpack.Decoder(tuple[str, ...]).decode),
    "client": (b"\x9a", 10, msgspec.msgpack.Decoder(tuple[str, ...]).decode),
    "props": (b"", 1, msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode),
}
