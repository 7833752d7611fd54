"""Every error of ours, sorted by what the caller should do about it.

    FootfallError
    ├── StopError                 fix something, then start again
    │   ├── SettingError              a setting is wrong: name, value, what would be right
    │   ├── ArgumentError             a command was given something wrong: name, value, what would be right
    │   ├── UnknownSettingError       there is no such setting: name, the ones there are
    │   ├── AddressInUseError         another program listens there
    │   ├── DataDirInUseError         another Footfall process owns the directory
    │   ├── MigrationError            the store's schema is not one we know
    │   ├── DayKeyError               no memory-backed place for the day key
    │   └── ClockError                the machine's clock is days behind what was counted
    ├── RetryError                the same call may succeed later; nothing was lost
    │   ├── StoreUnavailableError     ClickHouse did not answer, or refused for now
    │   │   └── ShardUnavailableError     a part of the cluster is away: the sites on it, and what needs all of them
    │   ├── OutcomeUnknownError       an insert may or may not have happened: check before repeating
    │   └── NotNowError               the collector cannot take a beacon now
    │       ├── SpoolUnavailableError     the spool cannot take a hit (full, failing, behind)
    │       ├── DayKeyUnavailableError    the day key cannot be read or made
    │       └── TooManyBeaconsError       a visitor or a site has sent more than is allowed in a minute
    ├── SetAsideError             the bytes are damaged: keep them apart, say how much, go on
    │   ├── SegmentDamagedError       a spool segment
    │   ├── ArchiveDamagedError       an archive file
    │   └── BatchMismatchError        the store holds a batch that differs from the archive
    ├── LedgerDifferenceError     collector, spool and store do not agree on what was received: look into it
    └── RejectError               the input is wrong: tell the sender which field
        ├── BeaconError
        ├── QueryError
        ├── SignInError               name and password do not belong together
        └── TooManyAttemptsError      signing in was tried too often

No message ever contains an address, a user agent, a query string or a body.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

_LIKENESS = 0.75  # of a mistyped name to the one that was meant


class FootfallError(Exception):
    """The root of the tree; `hint` says what a person can do."""

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or type(self).hint


class StopError(FootfallError):
    """Starting or going on makes no sense until someone fixes the cause."""


class SettingError(StopError):
    """A setting is wrong; carries its dotted `name`, the `value` given and what was `expected`."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"setting {name} = {value!r} is wrong: expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class ArgumentError(StopError):
    """A command was given something wrong: its `name` as usage shows it, the `value` (None: a secret), `expected`."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        shown = name if value is None else f"{name} {value!r}"
        super().__init__(f"{shown} is wrong: expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class UnknownSettingError(StopError):
    """There is no setting `name`; `known` are those beside it, and `meant` the one most like it, if any is."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        self.meant = next(iter(get_close_matches(name.rpartition(".")[2], self.known, 1, _LIKENESS)), "")
        question = f"did you mean {self.meant}?" if self.meant else f"there are {', '.join(self.known)}"
        super().__init__(f"there is no setting {name}: {question}")


class AddressInUseError(StopError):
    """Another program already listens on `address` (host:port)."""

    def __init__(self, setting: str, address: str) -> None:
        super().__init__(
            f"another program already listens on {address}: stop it, or choose another address with {setting}"
        )
        self.setting = setting
        self.address = address


class DataDirInUseError(StopError):
    """Another process owns the data directory or the embedded store in it."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is in use by another Footfall process",
            hint="with the embedded store only one of serve, aggregate, dashboard, demo, migrate, prune, forget and"
            " restore runs at a time; processes apart need a server: store.url = clickhouse://…",
        )
        self.path = path


class MigrationError(StopError):
    """The store was made by another, newer or changed, set of migrations."""


class DayKeyError(StopError):
    """There is no memory-backed directory in which workers could share the day key."""


class ClockError(StopError):
    """The machine's clock is days behind what has been counted: it is wrong now, or was."""


class RetryError(FootfallError):
    """Nothing was lost; the same call may succeed later."""


class StoreUnavailableError(RetryError):
    """ClickHouse did not answer, or answered with an error; nothing was written."""


class ShardUnavailableError(StoreUnavailableError):
    """No replica of `shard`, counted from 1 of `shards`, can be read; sites on other shards can."""

    def __init__(self, shard: int, shards: int, reason: str) -> None:
        super().__init__(f"shard {shard} of {shards} of the store is away: {reason}")
        self.shard = shard
        self.shards = shards


class OutcomeUnknownError(RetryError):
    """An insert was sent and its answer lost: it may have happened."""

    def __init__(self, query_id: str, cause: str) -> None:
        super().__init__(f"the outcome of insert {query_id} is unknown ({cause})")
        self.query_id = query_id


class NotNowError(RetryError):
    """The collector cannot take a beacon now; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SpoolUnavailableError(NotNowError):
    """The spool cannot take a hit."""


class DayKeyUnavailableError(NotNowError):
    """The day key cannot be read or made."""


class TooManyBeaconsError(NotNowError):
    """A visitor, or a site, has sent more than is allowed in a minute; answered 429."""

    def __init__(self) -> None:
        super().__init__("more beacons than allowed", retry_after=60)


class SetAsideError(FootfallError):
    """Damaged bytes: keep them apart, report their size, go on with the rest."""


class SegmentDamagedError(SetAsideError):
    """A spool segment whose header cannot be trusted, so that none of it can."""


class ArchiveDamagedError(SetAsideError):
    """An archive file that does not match its manifest."""


class BatchMismatchError(SetAsideError):
    """The store holds rows of a batch, but not the rows that the archive holds."""


class LedgerDifferenceError(FootfallError):
    """Collector, spool and store do not agree on what was received in an hour: something was lost, or counted twice."""


class RejectError(FootfallError):
    """The input is wrong; `field` names the part, `problem` says what is wrong with it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class BeaconError(RejectError):
    """A beacon that is not in the wire format; answered 400."""


class QueryError(RejectError):
    """A question that is malformed, or that the counts cannot answer; answered 400."""


class SignInError(RejectError):
    """Unknown name or wrong password: it does not say which."""

    def __init__(self) -> None:
        super().__init__("password", "name and password do not belong together")


class TooManyAttemptsError(RejectError):
    """More attempts to sign in than allowed, for one name or for all; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("password", "was tried too often")
        self.retry_after = retry_after
