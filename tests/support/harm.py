"""What happens to files on disks that fail quietly: flipped bits, a lost end, blocks that are not as they were."""

from __future__ import annotations

import random
from collections.abc import Callable

BLOCK = 512


def flip_bits(content: bytes, chance: random.Random) -> bytes:
    harmed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        harmed[chance.randrange(len(harmed))] ^= 1 << chance.randrange(8)
    return bytes(harmed)


def cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def zero_block(content: bytes, chance: random.Random) -> bytes:
    start, size = _block(content, chance)
    return content[:start] + bytes(len(content[start : start + size])) + content[start + size :]


def repeat_block(content: bytes, chance: random.Random) -> bytes:
    start, size = _block(content, chance)
    return content[: start + size] + content[start : start + size] + content[start + size :]


def lose_block(content: bytes, chance: random.Random) -> bytes:
    start, size = _block(content, chance)
    return content[:start] + content[start + size :]


def misplace_block(content: bytes, chance: random.Random) -> bytes:
    (start, size), (place, _) = _block(content, chance), _block(content, chance)
    return (content[:place] + content[start : start + size] + content[place + size :])[: len(content)]


def _block(content: bytes, chance: random.Random) -> tuple[int, int]:
    """Where a block begins, and how long it is: mostly as disks have them, at times of any place and length."""
    if chance.random() < 0.5:
        return chance.randrange(0, len(content), BLOCK), BLOCK
    start = chance.randrange(len(content))
    return start, chance.randint(1, len(content) - start)


HARMS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flipped bits": flip_bits,
    "cut off": cut_off,
    "zeroed block": zero_block,
    "repeated block": repeat_block,
    "lost block": lose_block,
    "misplaced block": misplace_block,
}
