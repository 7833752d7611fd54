"""The day key: 32 random bytes for a UTC day, shared by the workers in memory, destroyed when the day is over."""

from __future__ import annotations

import contextlib
import os
from datetime import date, timedelta
from pathlib import Path

from collector.memory_directory import make_private_directory
from schema.batch import DAY_MS, day_start_ms, utc_day
from schema.errors import DayKeyError, DayKeyUnavailableError

KEY_BYTES = 32
_SUFFIX = ".key"
_TRIES = 100
_MAX_AHEAD = timedelta(days=1)


class DayKey:
    """The key of the current UTC day, the same in every process that uses `directory`. For one thread.

    The day never goes backwards, neither here nor between processes: when the clock jumps across midnight and back,
    the newer day's key stays in use. Only a key of a day more than one ahead is not believed, or a clock that was
    wrong by years would keep one key for years.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.day = date.min  # whose key it is
        self._end_ms = 0  # of that day
        self._key = bytearray(KEY_BYTES)

    def current(self, now_ms: int) -> bytearray:
        """Return the key of the UTC day of `now_ms`: for use at once, since it is overwritten when the day changes.

        Raises:
            DayKeyUnavailableError: the directory cannot be written or read, or is not ours any more.
        """
        if now_ms >= self._end_ms:
            self._turn_to(utc_day(now_ms))
        return self._key

    def _turn_to(self, today: date) -> None:
        try:
            make_private_directory(self._directory)
            for _ in range(_TRIES):
                days = [day for path in self._directory.iterdir() if (day := _day_of(path)) and path.suffix == _SUFFIX]
                newest = max([today, *(day for day in days if day <= today + _MAX_AHEAD)])
                if self._take(newest):
                    self.day, self._end_ms = newest, day_start_ms(newest) + DAY_MS
                    return
        except DayKeyError as error:
            raise DayKeyUnavailableError(f"{error}; {error.hint}") from None
        except OSError as error:
            raise DayKeyUnavailableError(
                f"the day key in {self._directory} cannot be used ({error.strerror})"
            ) from None
        raise DayKeyUnavailableError(f"the day key in {self._directory} is replaced all the time")

    def _take(self, day: date) -> bool:
        """Read the key of `day`, made first if need be; then destroy older ones. False if it went away meanwhile."""
        path = self._directory / f"{day}{_SUFFIX}"
        if not path.exists():
            _make_key(path)
        if not _read_key(path, self._key):
            return False
        for other in self._directory.iterdir():
            if _is_over(other, day):
                destroy_file(other)
        return True


def destroy_file(path: Path) -> None:
    """Unlink the file and overwrite its bytes, in that order: who finds it still linked has read the real ones."""
    with contextlib.suppress(FileNotFoundError), path.open("r+b", buffering=0) as file:
        path.unlink()
        file.write(bytes(os.fstat(file.fileno()).st_size))


def _make_key(path: Path) -> None:
    """Put a fresh key at `path` unless another process is quicker; nobody ever finds half of one."""
    key = bytearray(KEY_BYTES)  # read into and zeroed, so that no copy of it stays in this process
    with Path("/dev/urandom").open("rb", buffering=0) as source:
        source.readinto(key)
    temporary = path.with_name(f"{path.stem}.{os.urandom(8).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb", buffering=0) as file:
        file.write(key)
    key[:] = bytes(KEY_BYTES)
    with contextlib.suppress(FileExistsError, FileNotFoundError):  # not found: destroyed by one whose day is later
        os.link(temporary, path)
    temporary.unlink(missing_ok=True)


def _read_key(path: Path, key: bytearray) -> bool:
    """Fill `key` from the file at `path`; False if it is not, or no longer, there."""
    try:
        with path.open("rb", buffering=0) as file:
            is_whole = file.readinto(key) == KEY_BYTES
            return is_whole and os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _is_over(path: Path, day: date) -> bool:
    """Whether the file is of no use on `day`. One still being made is left alone: its maker may be just behind.

    If it was left behind by a crash, then its key was never used, or it is one file with a key that is destroyed.
    """
    file_day = _day_of(path) or date.min
    still_made = timedelta(days=1) if path.suffix != _SUFFIX else timedelta(0)
    return not day - still_made <= file_day <= day + _MAX_AHEAD


def _day_of(path: Path) -> date | None:
    """Return the day that a file name starts with."""
    try:
        return date.fromisoformat(path.name.partition(".")[0])
    except ValueError:
        return None
