"""A store in front of a real one that goes wrong where a test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from schema.errors import OutcomeUnknownError, StoreUnavailableError
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store


@dataclass
class FallibleStore:
    """Counts inserts from 1; remembers what it was asked."""

    real: Store
    lose_before: int = 0  # the insert with this number is not done, and said to have failed
    lose_answer: int = 0  # the insert with this number is done, and its answer lost
    lose_silently: int = 0  # the insert with this number is not done, and said to be
    lose_later_months: int = 0  # of the insert with this number the first month is done, and it is said to have failed
    fail_on: str = ""  # no statement with this word in it, or insert into such a table, is done
    lose_answer_on: str = ""  # statements with this word in them are done, and said to have failed
    is_down: bool = False
    inserts: list[tuple[str, str]] = field(default_factory=list)  # table, query id
    cancelled: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.capabilities: Capabilities = self.real.capabilities

    @property
    def shards(self) -> Sequence[Store]:
        return (self,)

    @property
    def place(self) -> str:
        return self.real.place

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        self._fail_if(self.is_down)
        self.asked.append(sql)
        return self.real.query(sql, parameters)

    def execute(self, sql: str) -> None:
        self._fail_if(self.is_down or (bool(self.fail_on) and self.fail_on in sql))
        self.real.execute(sql)
        self._fail_if(bool(self.lose_answer_on) and self.lose_answer_on in sql)

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        self.inserts.append((table, query_id))
        number = len(self.inserts)
        self._fail_if(self.is_down or number == self.lose_before or (bool(self.fail_on) and self.fail_on in table))
        if number == self.lose_later_months:
            months = rows["day"].cast(pa.string()).to_numpy().astype("datetime64[M]")
            self.real.insert(table, rows.filter(months == months.min()), query_id)
            self._fail_if(True)
        if number != self.lose_silently:
            self.real.insert(table, rows, query_id)
        if number == self.lose_answer:
            raise OutcomeUnknownError(query_id, "connection reset")

    def cancel(self, query_id: str) -> None:
        self._fail_if(self.is_down)
        self.cancelled.append(query_id)

    def close(self) -> None:
        self.real.close()

    def _fail_if(self, condition: bool) -> None:
        if condition:
            raise StoreUnavailableError("no answer")
