"""Ranks instead of numbers: they sort as the texts do, whatever the order in which the texts came."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aggregator.key_columns import KeyColumns, combined, grouped_names
from aggregator.vocabulary import GROUPS, Vocabulary
from schema.rollups import ACQUISITION, CLIENT

WORDS = st.text(max_size=3)
GROUP = st.sampled_from(GROUPS["client"]).flatmap(lambda name: WORDS.map(lambda word: (name, word)))
ROWS = st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 3), st.integers(-(2**40), 2**40)), max_size=20)


def packed(name: str, word: str) -> bytes:
    """All fields of `client` empty but one."""
    return b"".join(_text(word if field == name else "") for field in GROUPS["client"])


def _text(word: str) -> bytes:
    content = word.encode()
    return bytes([0xA0 | len(content)]) + content


@settings(deadline=None)
@example([(2**62, 0, 0), (-(2**62), 0, 0)])  # further apart than a column of numbers can say
@given(ROWS)
def test_one_number_sorts_as_several_columns_do(rows: list[tuple[int, int, int]]) -> None:
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)] or [np.array([], np.int64)] * 3
    whole = combined(columns).tolist()
    for one, row in zip(whole, rows, strict=True):
        for other, another in zip(whole, rows, strict=True):
            assert (one < other, one == other) == (row < another, row == another)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=10))
def test_texts_are_ranked_as_they_sort_and_come_out_as_they_were(words: list[str]) -> None:
    vocabulary = Vocabulary()
    rows = {"path": vocabulary.texts.numbers(words)}
    keys = KeyColumns([rows], vocabulary)
    ranks = keys.ranks(rows, ["path"])
    assert [words[place] for place in np.argsort(ranks["path"], kind="stable")] == sorted(words)
    assert list(keys.columns(ranks)["path"]) == words


@settings(deadline=None)
@given(st.lists(GROUP, min_size=1, max_size=10))
def test_groups_come_out_as_the_columns_they_stand_for(groups: list[tuple[str, str]]) -> None:
    vocabulary = Vocabulary()
    numbers = vocabulary.groups["client"].numbers(list(dict.fromkeys(packed(*group) for group in groups)))
    rows = {"client": numbers}
    keys = KeyColumns([rows], vocabulary)
    found = keys.columns(keys.ranks(rows, ["client"]))
    for name in CLIENT:
        distinct = list(dict.fromkeys(packed(*group) for group in groups))
        known = {packed(*group): group for group in groups}
        expected = [known[each][1] if known[each][0] == name else "" for each in distinct]
        assert list(found[name]) == expected


def test_groups_that_differ_only_where_no_key_looks_have_one_rank() -> None:
    vocabulary = Vocabulary()
    fine = next(name for name in GROUPS["client"] if name not in CLIENT)
    rows = {"client": vocabulary.groups["client"].numbers([packed(fine, "x"), packed(fine, "y")])}
    ranks = KeyColumns([rows], vocabulary).ranks(rows, ["client"])["client"]
    assert ranks[0] == ranks[1]


def test_key_columns_are_named_by_their_group_once() -> None:
    assert grouped_names(["site", *ACQUISITION, "path", *CLIENT]) == ["site", "acquisition", "path", "client"]
