"""A process that ends before any one of its calls to the disk."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

CALLS = ("write", "fsync", "rename", "unlink", "rmdir", "mkdir")


class PulledPlugError(BaseException):
    """The process ends here; nothing of ours catches it."""


@contextmanager
def pulled_plug(number: int) -> Iterator[list[bool]]:
    """Let the process end before the disk call with this number, from 1; the list has True if it came to that.

    fsync does nothing meanwhile: what a process has written outlives it, and hundreds of them take long.
    """
    count, happened = itertools.count(1), list[bool]()

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **keywords: object) -> object:
            if happened or next(count) == number:
                happened.append(True)
                raise PulledPlugError
            return real(*arguments, **keywords)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counted((lambda _: None) if name == "fsync" else getattr(os, name)))
        try:
            yield happened
        except PulledPlugError:
            return


def every_interruption(most: int = 1000) -> Iterator[int]:
    """Count up, for `pulled_plug`; whoever sees that it did not happen any more stops."""
    yield from range(1, most)
    raise AssertionError(f"more than {most} disk calls")
