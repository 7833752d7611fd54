"""Which shard of a cluster a site's counts are on: a documented hash that never changes. Pure.

shard = XXH3-64 of the site's domain in UTF-8, with seed 0, modulo the number of shards, counted from 0 in the order of
the cluster's `shard_num`. A site is on one shard only, so that its page needs no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import xxhash

if TYPE_CHECKING:
    import pyarrow as pa


def shard_of(site: str, shards: int) -> int:
    """Return the number of the shard, from 0, that has everything of `site`."""
    return int(xxhash.xxh3_64_intdigest(site.encode()) % shards)


def are_on_shard(sites: Sequence[str], shard: int, shards: int) -> list[bool]:
    """Return for each of `sites` whether it is on `shard`; equal sites are looked up once."""
    found = {site: shard_of(site, shards) == shard for site in set(sites)}
    return [found[site] for site in sites]


def rows_of_shard(rows: pa.Table, shard: int, shards: int) -> pa.Table:
    """Return those of `rows` whose site is on `shard`, in their order."""
    return rows if shards == 1 else rows.filter(are_on_shard(rows["site"].to_pylist(), shard, shards))
