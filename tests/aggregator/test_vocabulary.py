"""Numbers for groups of texts: the same texts have one number, until a tidying gives those in use another."""

import msgspec
import numpy as np
import pytest

from aggregator import vocabulary as module
from aggregator.columns import Columns
from aggregator.vocabulary import GROUPS, Vocabulary

encode = msgspec.msgpack.encode


def packed(*texts: str) -> bytes:
    return b"".join(map(encode, texts))


def client(country: str) -> bytes:
    return packed(*(country if name == "country" else "" for name in GROUPS["client"]))


def frame(vocabulary: Vocabulary, path: str, country: str, props: list[tuple[str, str]]) -> Columns:
    return {
        "at": np.array([1], np.int64),
        "path": vocabulary.texts.numbers([path]),
        "client": vocabulary.groups["client"].numbers([client(country)]),
        "props": vocabulary.props.numbers([encode(props)]),
    }


def words(vocabulary: Vocabulary, found: Columns) -> tuple[str, str, list[tuple[str, str]]]:
    text = vocabulary.texts.text
    members = vocabulary.groups["client"].members[found["client"][0]]
    pairs = vocabulary.props.pairs(int(found["props"][0]))
    country = text(int(members[GROUPS["client"].index("country")]))
    return text(int(found["path"][0])), country, [(text(int(key)), text(int(value))) for key, value in pairs]


def test_a_group_keeps_its_number_and_number_0_is_all_empty() -> None:
    group = Vocabulary().groups["client"]
    assert group.numbers([client(""), client("DE"), client("FR")]).tolist() == [0, 1, 2]
    assert group.numbers([client("FR"), client("DE")]).tolist() == [2, 1]
    assert len(group) == 3


def test_what_is_no_group_is_an_error_and_changes_nothing() -> None:
    group = Vocabulary().groups["client"]
    with pytest.raises(msgspec.DecodeError):
        group.numbers([client("DE")[:-1]])
    assert len(group) == 1
    assert group.numbers([client("DE")]).tolist() == [1]


def test_texts_longer_than_a_byte_says_are_members_as_well() -> None:
    vocabulary = Vocabulary()
    found = frame(vocabulary, "/", "y" * 300, [])
    assert words(vocabulary, found) == ("/", "y" * 300, [])


def test_tidying_forgets_what_no_frame_uses_and_the_rest_reads_as_before() -> None:
    vocabulary = Vocabulary()
    frame(vocabulary, "/gone", "XX", [("old", "old")])
    kept = frame(vocabulary, "/here", "DE", [("plan", "x"), ("size", "DE")])
    (tidied,) = vocabulary.tidy([kept])
    assert words(vocabulary, tidied) == ("/here", "DE", [("plan", "x"), ("size", "DE")])
    assert sorted(vocabulary.texts.text(number) for number in range(len(vocabulary.texts))) == sorted(
        ["", "/here", "DE", "plan", "size", "x"]
    )
    assert [len(vocabulary.groups["client"]), len(vocabulary.props)] == [2, 2]


def test_after_tidying_the_same_texts_have_the_same_numbers() -> None:
    vocabulary = Vocabulary()
    frame(vocabulary, "/gone", "XX", [])
    (tidied,) = vocabulary.tidy([frame(vocabulary, "/here", "DE", [("plan", "x")])])
    again = frame(vocabulary, "/here", "DE", [("plan", "x")])
    assert {name: tidied[name].tolist() for name in again} == {name: again[name].tolist() for name in again}


def test_it_is_large_once_it_has_more_than_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEW", 5)
    vocabulary = Vocabulary()
    assert not vocabulary.is_large
    kept = [frame(vocabulary, f"/{number}", f"{number}", []) for number in range(20)]
    assert vocabulary.is_large
    vocabulary.tidy(kept)
    assert not vocabulary.is_large
