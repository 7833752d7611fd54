import numpy as np

from aggregator.texts import Texts


def test_a_text_keeps_its_number() -> None:
    texts = Texts()
    assert texts.numbers(["b", "a"]).tolist() == texts.numbers(["b", "a"]).tolist()
    assert [texts.text(number) for number in texts.numbers(["a", "b", "a"])] == ["a", "b", "a"]


def test_the_empty_text_is_number_0() -> None:
    texts = Texts()
    texts.numbers(["b"])
    assert texts.numbers([""]).tolist() == [0]


def test_a_hash_depends_on_the_text_alone() -> None:
    one, other = Texts(), Texts()
    other.numbers(["x", "y", "z"])
    words = ["", "a", "ß", "z"]
    assert one.hashes(one.numbers(words)).tolist() == other.hashes(other.numbers(words)).tolist()


def test_the_alphabet_is_sorted_and_holds_only_what_is_used() -> None:
    texts = Texts()
    numbers = texts.numbers(["c", "a", "b", "c"])[[0, 1, 3]]
    alphabet, positions = texts.alphabet(numbers)
    assert alphabet == ["a", "c"]
    assert [alphabet[position] for position in positions[numbers]] == ["c", "a", "c"]


def test_the_alphabet_of_nothing_is_empty() -> None:
    assert Texts().alphabet(np.array([], np.int32))[0] == []
