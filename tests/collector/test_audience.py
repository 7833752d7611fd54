import pytest

from collector.audience import primary_language, screen_class


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (b"de-AT,de;q=0.8,en;q=0.5", "de"),
        (b"EN-us", "en"),
        (b" fil;q=1", "fil"),
        (b"x-secret-tag", ""),
        (b"*", ""),
        (b"", ""),
        (b"\xff\xfe", ""),
        (b"alice@example.com", ""),
        (b"d3-x", ""),
    ],
)
def test_only_the_primary_language_is_kept(header: bytes, language: str) -> None:
    assert primary_language(header) == language


@pytest.mark.parametrize(
    ("width", "name"),
    [(320, "Mobile"), (575, "Mobile"), (576, "Tablet"), (991, "Tablet"), (992, "Laptop"), (1439, "Laptop"),
     (1440, "Desktop"), (99_999, "Desktop"), (0, ""), (-5, ""),
     (1, "Mobile"), (2, "Tablet"), (3, "Laptop"), (4, "Desktop"), (15, "Desktop"), (16, "Mobile")],
)  # fmt: skip
def test_only_the_class_of_a_screen_is_kept(width: int, name: str) -> None:
    assert screen_class(width) == name
