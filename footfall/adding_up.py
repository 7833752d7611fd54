"""The end of a command that has filled a store: its projections are made, or left to Footfall while it runs."""

from __future__ import annotations

from rich.console import Console

from aggregator.projections import complete
from footfall.slow_progress import SlowProgress
from schema.errors import RetryError
from schema.store import Store


def add_up(store: Store, say: Console) -> None:
    """Have the store make the sums that long periods are read from, with a bar; what was loaded counts without them."""
    try:
        with SlowProgress(say, "Adding up") as advance:
            complete(store, advance)
    except RetryError as error:
        say.print(f"Long periods are read more slowly until Footfall has added them up while it runs: {error}")
