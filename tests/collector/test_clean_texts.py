from hypothesis import given
from hypothesis import strategies as st

from collector.clean_texts import CleanTexts
from collector.placeholders import scrub_path

paths = st.sampled_from(["/a", "/b/c", "/order/1234567", "/u/ann@mail.example"]) | st.text()


@given(st.lists(paths))
def test_it_says_what_the_scrubber_says(texts: list[str]) -> None:
    remembered = CleanTexts(scrub_path)
    assert [remembered.scrub(text) for text in texts + texts] == [scrub_path(text) for text in texts + texts]


def test_a_clean_text_is_scrubbed_once() -> None:
    asked: list[str] = []

    def scrub(text: str) -> str:
        asked.append(text)
        return text

    remembered = CleanTexts(scrub)
    assert {remembered.scrub("/a") for _ in range(3)} == {"/a"}
    assert asked == ["/a"]


def test_a_text_that_names_a_person_does_not_stay_in_memory() -> None:
    remembered = CleanTexts(scrub_path)
    remembered.scrub("/u/ann@mail.example")
    remembered.scrub("/" + "long-" * 30)
    assert len(remembered) == 0
