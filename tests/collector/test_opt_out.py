import pytest

from collector.opt_out import is_opt_out


@pytest.mark.parametrize(
    ("headers", "respect_dnt", "expected"),
    [
        ({}, True, False),
        ({b"sec-gpc": b"1"}, False, True),
        ({b"sec-gpc": b"0"}, True, False),
        ({b"dnt": b"1"}, False, False),
        ({b"dnt": b"1"}, True, True),
        ({b"dnt": b"0"}, True, False),
        ({b"sec-gpc": b"1,1"}, False, True),
        ({b"sec-gpc": b" 1 \t"}, False, True),
        ({b"sec-gpc": b"0, 1"}, False, True),
        ({b"dnt": b"1 "}, True, True),
        ({b"sec-gpc": b"11"}, False, False),
        ({b"sec-gpc": b""}, False, False),
    ],
)
def test_global_privacy_control_always_counts_and_do_not_track_where_set(
    headers: dict[bytes, bytes], respect_dnt: bool, expected: bool
) -> None:
    assert is_opt_out(headers, respect_dnt=respect_dnt) is expected
