import pyarrow as pa
import pytest

from aggregator.arrow_memory import pages_kept


def fail_within() -> None:
    with pages_kept():
        assert pa.default_memory_pool().backend_name == "jemalloc"
        raise KeyError


def test_it_is_as_before_afterwards_whatever_happens() -> None:
    before = pa.default_memory_pool().backend_name
    with pytest.raises(KeyError):
        fail_within()
    assert pa.default_memory_pool().backend_name == before


def test_a_build_without_it_reads_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_pool() -> pa.MemoryPool:
        raise NotImplementedError

    monkeypatch.setattr(pa, "jemalloc_memory_pool", no_such_pool)
    before = pa.default_memory_pool().backend_name
    with pages_kept():
        assert pa.default_memory_pool().backend_name == before
