"""One shard of a cluster as a Store of its own: reads and inserts go to a replica that lacks nothing."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from schema.errors import OutcomeUnknownError, ShardUnavailableError, StoreUnavailableError
from schema.rollups import BY_NAME
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store
from schema.store_replica import Replica, State

if TYPE_CHECKING:
    import pyarrow as pa

Found = TypeVar("Found")

FOLLOW_SECONDS = 10.0  # for the other replicas to have what was inserted into one
CATCH_UP_SECONDS = 5.0  # for a replica that has just started to learn what it lacks
_POLL_SECONDS = 0.02
_REPLICATED = re.compile(r"\s*(?:ALTER|TRUNCATE)\s+TABLE\s+(\w+)")
# How many replicas ZooKeeper knows to be alive; a replica that it has given up cannot finish an insert any more.
_SELECT_ALIVE = "SELECT max(active_replicas) FROM system.replicas WHERE database = currentDatabase()"


class ShardStore:
    """The replicas of one shard, in the order of the cluster."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self.replicas = tuple(replicas)
        self._guard = threading.Lock()
        self._chosen: Replica | None = None
        self._turns = 0
        self._lagging: set[Replica] = set()
        self._unknown: dict[str, tuple[Replica, str, pa.Table]] = {}  # query id → what was sent where

    @property
    def place(self) -> str:
        """Which replica answers, and since which change; see Store.

        Raises:
            ShardUnavailableError: none does that lacks nothing.
        """
        return f"{self.choose().place} {self._turns}"

    @property
    def capabilities(self) -> Capabilities:
        """What the replica can do that answers; see Store."""
        return self._ask(lambda replica: replica.capabilities)

    @property
    def shards(self) -> Sequence[Store]:
        """Itself; see Store."""
        return (self,)

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT; see Store.

        Raises:
            ShardUnavailableError: no replica answers that lacks nothing.
        """
        return self._ask(lambda replica: replica.query(sql, parameters))

    def execute(self, sql: str) -> None:
        """Run a statement: on one replica if ZooKeeper brings it to the others, else on each that answers."""
        found = _REPLICATED.match(sql)
        if found and found[1] in BY_NAME:
            self._ask(lambda replica: replica.execute(sql))
            return
        for replica in self._answering():
            replica.execute(sql)

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert `rows` as one block, and wait until the replicas that answer have it; see Store.

        The same block sent to two replicas is there once: ZooKeeper knows its checksum.
        """
        if table not in BY_NAME:
            for replica in self._answering():
                replica.insert(table, rows, query_id)
            return
        replica = self.choose()
        try:
            replica.insert(table, rows, query_id)
        except OutcomeUnknownError:
            self._unknown[query_id] = (replica, table, rows)
            raise
        except StoreUnavailableError:
            replica.is_there()
            raise
        self._follow(replica)

    def cancel(self, query_id: str) -> None:
        """Return once no insert with this id is running any more, wherever it was sent; see Store.

        A replica that cannot be asked may still finish what it was sent. If that is known, the same block is sent to
        another: one of both is ignored, whoever is first. If not, ZooKeeper must have given the replica up.
        """
        silent = [replica for replica in self.replicas if not _cancels(replica, query_id)]
        sent = self._unknown.get(query_id)
        if sent is not None and sent[0] in silent:
            self.choose().insert(sent[1], sent[2], query_id)
        elif silent:
            ((alive,),) = self.query(_SELECT_ALIVE)
            if alive > len(self.replicas) - len(silent):
                raise StoreUnavailableError(
                    f"{silent[0].at.url.address} does not answer, but is alive for ZooKeeper: it may be inserting"
                )
        self._unknown.pop(query_id, None)

    def close(self) -> None:
        """Let go of every replica."""
        for replica in self.replicas:
            replica.close()

    def choose(self) -> Replica:
        """Return a replica that answers and lacks nothing, the same one as before if it can be.

        Raises:
            ShardUnavailableError: there is none.
        """
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while True:
            before = self._chosen
            states: dict[Replica, State] = {}
            for replica in sorted(self.replicas, key=lambda replica: replica is not before):
                states[replica] = replica.state()
                if states[replica] is State.CURRENT:
                    return self._note(replica)
            waiting = [replica for replica, state in states.items() if state is not State.AWAY]
            if waiting and _are_blind(states):
                return self._note(waiting[0])
            if not waiting or time.monotonic() > deadline:
                raise self._unavailable(waiting)
            time.sleep(_POLL_SECONDS)

    def check_in_order(self) -> None:
        """Return if the replica that the servers themselves would read from, the first that answers, lacks nothing.

        Raises:
            ShardUnavailableError: it does lack something, or none answers.
        """
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while True:
            states: dict[Replica, State] = {}
            for replica in self.replicas:
                states[replica] = replica.state()
                if states[replica] is State.CURRENT:
                    break
            waiting = [replica for replica, state in states.items() if state is not State.AWAY]
            if waiting and (states[waiting[0]] is State.CURRENT or _are_blind(states)):
                return
            if not waiting or time.monotonic() > deadline:
                raise self._unavailable(waiting)
            time.sleep(_POLL_SECONDS)

    def wake(self) -> None:
        """Open every replica that answers.

        Raises:
            ShardUnavailableError: none does.
        """
        list(self._answering())

    def current(self) -> list[Replica]:
        """Return the replicas that answer and lack nothing."""
        return [replica for replica in self.replicas if replica.is_current()]

    def _ask(self, ask: Callable[[Replica], Found]) -> Found:
        """Ask the replica that was chosen; another one if that has gone."""
        for _ in self.replicas:
            replica = self._chosen or self.choose()
            try:
                return ask(replica)
            except StoreUnavailableError:
                if replica.is_there():
                    raise
                self._forget()
        return ask(self.choose())

    def _answering(self) -> Iterator[Replica]:
        found = [replica for replica in self.replicas if replica.is_there()]
        if not found:
            raise self._unavailable([])
        yield from found

    def _follow(self, written: Replica) -> None:
        """Wait for the others; one that takes too long is not waited for again before it has caught up by itself."""
        for replica in self.replicas:
            if replica is written or not replica.is_there():
                continue
            patience = 0.0 if replica in self._lagging else FOLLOW_SECONDS
            deadline = time.monotonic() + patience
            while not (is_current := replica.is_current()) and time.monotonic() < deadline and replica.is_there():
                time.sleep(_POLL_SECONDS)
            (self._lagging.discard if is_current else self._lagging.add)(replica)

    def _note(self, replica: Replica) -> Replica:
        with self._guard:
            if replica is not self._chosen:
                self._turns += 1
            self._chosen = replica
        return replica

    def _forget(self) -> None:
        with self._guard:
            self._turns += 1
            self._chosen = None

    def _unavailable(self, answering: Sequence[Replica]) -> ShardUnavailableError:
        self._forget()
        place = self.replicas[0].at
        hosts = ", ".join(replica.at.url.address for replica in self.replicas)
        reason = "the replica that answers lacks what another has" if answering else "no replica answers"
        return ShardUnavailableError(place.shard + 1, place.shards, f"{reason} ({hosts})")


def _are_blind(states: Mapping[Replica, State]) -> bool:
    """Whether ZooKeeper is away for all that answer: nobody can write, so the one that was read lacks nothing."""
    return all(state in (State.BLIND, State.AWAY) for state in states.values())


def _cancels(replica: Replica, query_id: str) -> bool:
    """End the insert there; False if the replica cannot be asked."""
    try:
        replica.cancel(query_id)
    except StoreUnavailableError:
        if replica.is_there():
            raise
        return False
    return True
