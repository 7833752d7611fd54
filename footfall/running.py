"""The Footfall that runs on this machine, as the command asks it: what only the owner of the store can know."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date
from typing import TypeVar

import msgspec

from dashboard.access import make_token
from footfall.clock import utc_now_ms
from footfall.secret import token_secret
from schema.errors import DataDirInUseError, StoreUnavailableError
from schema.settings import Settings
from schema.store import Store, open_store

_SECONDS = 60.0

Report = TypeVar("Report")


def ask(
    settings: Settings, name: str, day: date | None, kind: type[Report], read: Callable[[Store], Report]
) -> tuple[Report, bool]:
    """Return report `name` of a day, or of what is open, and whether a Footfall that runs gave it; else `read` does.

    Raises:
        StoreUnavailableError: neither the Footfall that runs answers, nor the store.
    """
    try:
        return ask_running(settings, name, day, kind), True
    except StoreUnavailableError as error:
        unanswered = error
    try:
        store = open_store(settings)
    except DataDirInUseError:
        raise unanswered from None
    try:
        return read(store), False
    finally:
        store.close()


def ask_running(settings: Settings, name: str, day: date | None, kind: type[Report]) -> Report:
    """Return report `name` of a day, or of what is open, from the Footfall that runs.

    Raises:
        StoreUnavailableError: it does not answer.
    """
    token = make_token(token_secret(settings), "*", 1, utc_now_ms())
    address = f"http://{settings.dashboard.listen}/api/operator/{name}{f'?day={day}' if day else ''}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return msgspec.json.decode(answer.read(), type=kind)
    except (urllib.error.URLError, OSError, msgspec.DecodeError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise StoreUnavailableError(
            f"the Footfall that runs does not answer on {settings.dashboard.listen} ({reason})",
            hint="it has the store to itself: ask again once it is ready, or stop it first",
        ) from None
