"""Whether a text is a regular expression that ClickHouse takes: asked of the same library, RE2, in Arrow. Pure."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from schema.errors import QueryError

MAX_PATTERN_LENGTH = 500


def check_pattern(field: str, pattern: str) -> None:
    """Return if `pattern` is a regular expression of RE2.

    Raises:
        QueryError: it is not, or it is too long.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise QueryError(field, f"matches patterns of at most {MAX_PATTERN_LENGTH} characters")
    if "\0" in pattern:
        raise QueryError(field, "matches patterns without a NUL")
    try:
        pc.match_substring_regex(pa.array([""]), f"(?s){pattern}")
    except pa.ArrowInvalid:
        raise QueryError(field, "matches regular expressions of RE2, and one of these is none") from None
