"""What the hits of a day say in words: a number for each text, and one for texts that mostly come together.

A hit's eight texts on where it came from, and its ten on browser and place, are few combinations.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import chain

import msgspec
import numpy as np
from numpy.typing import NDArray

from aggregator.columns import Columns
from aggregator.texts import UNKNOWN, Numbers, Texts, is_used, known_numbers, renumbered
from schema.hit import Hit
from schema.rollups import ACQUISITION

TEXT_FIELDS = ("site", "hostname", "path", "name", "currency")  # numbers of texts
GROUPS = {  # fields that are neighbours in a hit
    "acquisition": Hit.__struct_fields__[8:16],
    "client": Hit.__struct_fields__[16:26],
}
assert set(GROUPS["acquisition"]) == set(ACQUISITION)
PROPS = "props"
_FEW = 50_000  # unused texts that are no reason to tidy up

_decode_texts = msgspec.msgpack.Decoder(list[str]).decode
_decode_props = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode


class Group:
    """Number ↔ the texts of neighbouring fields. Number 0 is all of them empty."""

    def __init__(self, texts: Texts, width: int) -> None:
        self._texts = texts
        self._width = width
        self._numbers: dict[bytes, int] = {}
        self._members = array("i")
        self.numbers([b"\xa0" * width])

    def __len__(self) -> int:
        return len(self._members) // self._width

    def numbers(self, packed: Sequence[bytes]) -> Numbers:
        """Return the number of each group, `packed` as the fields follow each other in MessagePack.

        Raises:
            msgspec.DecodeError: one is no such group.
        """
        numbers = known_numbers(self._numbers, packed)
        places = np.flatnonzero(numbers == UNKNOWN)
        fresh = list(dict.fromkeys([packed[place] for place in places.tolist()]))
        texts = _decode_texts(_array_head(len(fresh) * self._width) + b"".join(fresh))
        self._members.frombytes(self._texts.numbers(texts).tobytes())
        self._numbers |= zip(fresh, range(len(self._numbers), len(self._numbers) + len(fresh)), strict=True)
        numbers[places] = [self._numbers[packed[place]] for place in places.tolist()]
        return numbers

    @property
    def members(self) -> NDArray[np.int32]:
        """The numbers of the texts, a row for each group; not to be kept, it would hold up what comes next."""
        return np.frombuffer(self._members, np.int32).reshape(-1, self._width).copy()

    def keep(self, used: NDArray[np.bool_]) -> Numbers:
        """Forget the groups that are not `used`, by number; return a lookup from old to new number."""
        used[0] = True
        self._members = array("i", self.members[used].tobytes())
        kept = [group for group, is_kept in zip(self._numbers, used.tolist(), strict=True) if is_kept]
        self._numbers = {group: number for number, group in enumerate(kept)}
        return renumbered(used)

    def renumber(self, texts: Numbers) -> None:
        """Take the new number of each text from the lookup `texts`."""
        self._members = array("i", texts[self.members].tobytes())


class Props:
    """Number ↔ the properties of an event. Number 0 is none."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._numbers: dict[bytes, int] = {}
        self._members: list[Numbers] = []
        self.numbers([b"\x90"])

    def __len__(self) -> int:
        return len(self._members)

    def numbers(self, packed: Sequence[bytes]) -> Numbers:
        """Return the number of each tuple of pairs in MessagePack.

        Raises:
            msgspec.DecodeError: one is no such tuple.
        """
        for props in packed:
            if props not in self._numbers:
                texts = list(chain.from_iterable(_decode_props(props)))
                self._members.append(self._texts.numbers(texts).reshape(-1, 2))
                self._numbers[props] = len(self._numbers)
        return np.fromiter(map(self._numbers.__getitem__, packed), np.int32, len(packed))

    def pairs(self, number: int) -> Numbers:
        """Return the numbers of key and value, a row for each pair."""
        return self._members[number]

    def keep(self, used: NDArray[np.bool_]) -> Numbers:
        """Forget those that are not `used`, by number; return a lookup from old to new number."""
        used[0] = True
        self._members = [self._members[number] for number in np.flatnonzero(used).tolist()]
        kept = [props for props, is_kept in zip(self._numbers, used.tolist(), strict=True) if is_kept]
        self._numbers = {props: number for number, props in enumerate(kept)}
        return renumbered(used)

    def renumber(self, texts: Numbers) -> None:
        """Take the new number of each text from the lookup `texts`."""
        self._members = [texts[pairs] for pairs in self._members]

    def texts(self) -> Numbers:
        """Return the numbers of all texts in them."""
        return np.concatenate(self._members).ravel()


class Vocabulary:
    """The texts of a day, and the groups of them."""

    def __init__(self) -> None:
        self.texts = Texts()
        self.groups = {name: Group(self.texts, len(fields)) for name, fields in GROUPS.items()}
        self.props = Props(self.texts)
        self._after_tidying = 0

    @property
    def is_large(self) -> bool:
        """Whether it has more than doubled since it was tidied up."""
        return self._size > 2 * self._after_tidying + _FEW

    @property
    def _size(self) -> int:
        return len(self.texts) + len(self.props) + sum(map(len, self.groups.values()))

    def tidy(self, frames: Sequence[Columns]) -> list[Columns]:
        """Forget what none of the `frames` uses; return them with their new numbers."""
        lookups = {name: group.keep(_used(frames, [name], len(group))) for name, group in self._all_groups().items()}
        used = _used(frames, (*TEXT_FIELDS, "reason"), len(self.texts))
        for group in self.groups.values():
            used[group.members.ravel()] = True
        used[self.props.texts()] = True
        texts = self.texts.keep(used)
        for each in self._all_groups().values():
            each.renumber(texts)
        lookups |= dict.fromkeys((*TEXT_FIELDS, "reason"), texts)
        self._after_tidying = self._size
        return [frame | _looked_up(frame, lookups) for frame in frames]

    def _all_groups(self) -> Mapping[str, Group | Props]:
        return {**self.groups, PROPS: self.props}


def _array_head(items: int) -> bytes:
    """Return how an array of so many items begins in MessagePack."""
    return b"\xdd" + items.to_bytes(4, "big")


def _used(frames: Sequence[Columns], names: Sequence[str], count: int) -> NDArray[np.bool_]:
    used = np.zeros(count, np.bool_)
    for frame in frames:
        for name in names:
            if name in frame:
                used |= is_used(frame[name], count)
    return used


def _looked_up(frame: Columns, lookups: Mapping[str, Numbers]) -> dict[str, Numbers]:
    return {name: lookups[name][column] for name, column in frame.items() if name in lookups}
