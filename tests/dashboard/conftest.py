"""The real store, emptied, and what writes rows of known sums into it."""

from collections.abc import Iterator

import pytest

from schema.store_embedded import EmbeddedStore
from support.embedded import shared_store
from support.rollup_rows import RowWriter


@pytest.fixture
def store() -> Iterator[EmbeddedStore]:
    with shared_store() as store:
        yield store


@pytest.fixture
def rows(store: EmbeddedStore) -> RowWriter:
    return RowWriter(store)
