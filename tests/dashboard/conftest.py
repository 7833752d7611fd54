"""The real store, emptied, and what writes rows of known sums into it."""

from collections.abc import Iterator

import pytest
from support.counts import Counts
from support.embedded import shared_store

from schema.store_embedded import EmbeddedStore


@pytest.fixture
def store() -> Iterator[EmbeddedStore]:
    with shared_store() as store:
        yield store


@pytest.fixture
def counts(store: EmbeddedStore) -> Counts:
    return Counts(store)
