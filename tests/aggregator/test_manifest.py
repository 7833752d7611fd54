import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.chunks import Chunk
from aggregator.manifest import Manifest, decode_manifest, describe_file, encode_manifest, make_manifest, stem_of
from schema.batch import Window, batch_number
from schema.errors import ArchiveDamagedError

WINDOW = Window(5_900_000)
CHUNKS = [Chunk(batch_number(3, WINDOW, chunk), WINDOW.day, WINDOW.day, 2, {"hits": 3}) for chunk in (0, 1)]
MANIFEST = make_manifest(3, WINDOW.day, WINDOW, {"rejections": describe_file(b"content", CHUNKS)})
ENCODED = encode_manifest(MANIFEST)


def test_a_manifest_survives_the_round_trip() -> None:
    assert decode_manifest(ENCODED) == MANIFEST


@given(st.integers(0, 8 * len(ENCODED) - 1))
def test_no_flipped_bit_changes_what_a_manifest_says(bit: int) -> None:
    content = bytearray(ENCODED)
    content[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(ArchiveDamagedError):
        assert decode_manifest(bytes(content)) == MANIFEST  # white space


@given(st.integers(0, len(ENCODED) - 3))
def test_a_truncated_manifest_is_damaged(length: int) -> None:
    with pytest.raises(ArchiveDamagedError):
        decode_manifest(ENCODED[:length])


def test_it_says_what_wrote_it() -> None:
    assert set(msgspec.json.decode(ENCODED)["versions"]) == {"footfall", "pyarrow"}


def test_figures_are_those_of_each_window() -> None:
    later = msgspec.structs.replace(CHUNKS[0], batch=batch_number(3, WINDOW.next))
    whole = make_manifest(3, WINDOW.day, None, {"rejections": describe_file(b"", [*CHUNKS, later])})
    assert whole.by_window == {WINDOW: {"rejections": tuple(CHUNKS)}, WINDOW.next: {"rejections": (later,)}}


@pytest.mark.parametrize(("window", "stem"), [(WINDOW, f"{WINDOW.name}-3"), (None, "day.3")])
def test_the_stem_names_window_and_node(window: Window | None, stem: str) -> None:
    assert stem_of(window, 3) == Manifest(3, WINDOW.day, window.index if window else None, {}, {}).stem == stem
