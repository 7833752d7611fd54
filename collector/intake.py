"""The way of a beacon through the collector: read, decide, keep."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from starlette.types import Scope

from collector.anonymise import note_sender
from collector.beacon import Beacon, parse_beacon
from collector.client_address import TrustedProxies
from collector.clock import Milliseconds
from collector.day_key import DayKey
from collector.envelope import joined_headers, read_envelope
from collector.pipeline import decide
from collector.proxy_diagnosis import ProxyDiagnosis, doubt_of
from collector.tables import Tables
from schema.errors import BeaconError, TooManyBeaconsError
from schema.hit import Record, RejectedHit, Rejection
from schema.settings import CollectorSettings


class Spool(Protocol):
    """Where records go: `SpoolWriter`."""

    def append(self, records: Sequence[Record]) -> Awaitable[None]:
        """Return once `records` are on stable storage, or raise SpoolUnavailableError, now or then."""

    def problem(self) -> str:
        """Return why it cannot take a record now; empty if it can."""


class Intake:
    """Takes beacons in, from wherever in a request they come."""

    def __init__(
        self, settings: CollectorSettings, tables: Tables, spool: Spool, day_key: DayKey, clock: Milliseconds
    ) -> None:
        self._respect_dnt = settings.respect_dnt
        self._trusted = TrustedProxies(settings.trusted_proxies, settings.forwarded_header)
        self.diagnosis = ProxyDiagnosis()
        self._tables = tables
        self._spool = spool
        self._day_key = day_key
        self._clock = clock

    async def take(self, body: bytes, scope: Scope) -> list[Rejection]:
        """Return once what `body` amounts to is on stable storage: why it does not count, by site; empty if it does.

        Raises:
            BeaconError: it is malformed, or for none of our sites; that it came is on stable storage.
            TooManyBeaconsError: it would count, were there not too many, and that it came is on stable storage; or
                there are too many for none of our sites, and nothing is kept.
            SpoolUnavailableError: nothing is kept.
            DayKeyUnavailableError: nothing is kept.
        """
        at = self._clock()
        try:
            beacon = self._read(body, scope, at)
        except BeaconError:
            self._check_nameless(at)
            await self._spool.append([RejectedHit("", at, Rejection.MALFORMED)])
            raise
        day_key = self._day_key.current(at)
        records = decide(beacon, self._tables, day_key)
        if records[0].site == "":
            self._check_nameless(at)
        await self._spool.append(records)
        rejections = [record.reason for record in records if type(record) is RejectedHit]
        if len(rejections) == len(records):
            _check_reasons(rejections)
        return rejections

    def _check_nameless(self, at: int) -> None:
        """Raise TooManyBeaconsError for what is for no site of ours, where there is more of it than a site may have."""
        if not self._tables.site_limit.take("", at):
            raise TooManyBeaconsError

    def _read(self, body: bytes, scope: Scope, at: int) -> Beacon:
        peer = scope["client"][0] if scope["client"] else ""
        headers = joined_headers(scope["headers"])
        is_image = scope["method"] != "POST"
        envelope = read_envelope(
            headers, peer, at=at, trusted=self._trusted, respect_dnt=self._respect_dnt, is_image=is_image
        )
        beacon = parse_beacon(body, envelope)
        if not self.diagnosis.is_settled:
            note_sender(beacon, doubt_of(peer, headers, self._trusted), self.diagnosis)
        return beacon


def _check_reasons(rejections: Sequence[Rejection]) -> None:
    """Raise what the sender of a beacon that counts for no site is to be told as an error."""
    if all(reason is Rejection.UNKNOWN_SITE for reason in rejections):
        raise BeaconError("domain", "is not a site that is counted here")
    if all(reason is Rejection.RATE_LIMIT for reason in rejections):
        raise TooManyBeaconsError
