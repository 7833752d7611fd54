"""Subresource integrity: the SHA-256 of a script, as browsers compare it.

The standard asks for SHA-2. It is worked out here, as FIPS 180-4 has it, since no hash library but the two that were
chosen is imported anywhere: nothing else is ever hashed with it.
"""

from __future__ import annotations

from base64 import b64encode
from math import isqrt
from struct import pack, unpack

_WORD = 0xFFFFFFFF
_PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, isqrt(n) + 1))]


def integrity_of(content: bytes) -> str:
    """Return the value of the attribute `integrity` for `content`."""
    return "sha256-" + b64encode(sha256(content)).decode()


def sha256(content: bytes) -> bytes:
    """Return the 32 bytes of the digest."""
    state = [isqrt(prime << 64) & _WORD for prime in _PRIMES[:8]]
    padded = content + b"\x80" + bytes(-(len(content) + 9) % 64) + pack(">Q", 8 * len(content))
    for start in range(0, len(padded), 64):
        mixed = _mix(state, padded[start : start + 64])
        state = [(old + new) & _WORD for old, new in zip(state, mixed, strict=True)]
    return pack(">8I", *state)


def _mix(state: list[int], block: bytes) -> list[int]:
    """Return the eight words of `state` after the 64 rounds for one block."""
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(_CONSTANTS, _schedule(block), strict=True):
        sums = _turn(e, 6) ^ _turn(e, 11) ^ _turn(e, 25)
        one = h + sums + ((e & f) ^ (~e & g)) + constant + word
        two = (_turn(a, 2) ^ _turn(a, 13) ^ _turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (one + two) & _WORD, a, b, c, (d + one) & _WORD, e, f, g
    return [a, b, c, d, e, f, g, h]


def _schedule(block: bytes) -> list[int]:
    words = list(unpack(">16I", block))
    for i in range(16, 64):
        near, far = words[i - 2], words[i - 15]
        first = _turn(far, 7) ^ _turn(far, 18) ^ (far >> 3)
        second = _turn(near, 17) ^ _turn(near, 19) ^ (near >> 10)
        words.append((words[i - 16] + first + words[i - 7] + second) & _WORD)
    return words


def _turn(word: int, bits: int) -> int:
    return (word >> bits | word << (32 - bits)) & _WORD


def _cube_root_fraction(prime: int) -> int:
    """Return the first 32 bits of the fractional part of the cube root."""
    low, high = 0, prime << 32
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= prime << 96 else (low, middle)
    return low & _WORD


_CONSTANTS = [_cube_root_fraction(prime) for prime in _PRIMES]
