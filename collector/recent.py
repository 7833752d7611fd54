"""A bounded memory of what came up lately."""

from __future__ import annotations

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Maps keys to values, and forgets those that were not asked for among the last `capacity` new ones.

    There are two generations: what is found in the old one moves to the young one; when that is half the capacity,
    it becomes the old one, and the old one is gone. So both finding and forgetting take the same short time always.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def __len__(self) -> int:
        """Return how many keys are remembered, a few perhaps twice."""
        return len(self._young) + len(self._old)

    def get(self, key: Key) -> Value | None:
        """Return the value of `key`, or None if it is not remembered."""
        value = self._young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Remember `value`, which is not None, for `key`."""
        if len(self._young) >= self._half:
            self.turn()
        self._young[key] = value

    def turn(self) -> None:
        """Forget what was not asked for since the last turn."""
        self._old, self._young = self._young, {}
