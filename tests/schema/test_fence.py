from pathlib import Path

from schema.fence import raise_fence, read_fence


def test_there_is_no_fence_at_first(tmp_path: Path) -> None:
    assert read_fence(tmp_path) == 0


def test_the_fence_never_goes_backwards(tmp_path: Path) -> None:
    assert [raise_fence(tmp_path, at_ms) for at_ms in (100, 50, 200)] == [100, 100, 200]
    assert read_fence(tmp_path) == 200
