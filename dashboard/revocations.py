"""What was revoked before its time: a file per id in data_dir/access/revoked, so that it holds from now on."""

from __future__ import annotations

import re
from pathlib import Path

from schema.durable_files import make_directory, replace_file

_ID = re.compile(r"[0-9a-f]{16}")


class Revocations:
    """Ids of tokens and sessions. Several processes may add to them at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "revoked"

    def revoke(self, revoked_id: str, from_ms: int, until_ms: int) -> None:
        """Refuse what has this id from `from_ms` on; it would have ended at `until_ms` by itself.

        Raises:
            ValueError: that is not an id.
            OSError: it cannot be written, so it does not hold.
        """
        if not _ID.fullmatch(revoked_id):
            raise ValueError("that is not an id")
        make_directory(self._directory)
        if self._start_of(revoked_id) > from_ms:
            replace_file(self._directory / revoked_id, f"{from_ms} {until_ms}".encode())

    def is_revoked(self, revoked_id: str, now_ms: int) -> bool:
        """Whether what has this id is to be refused now."""
        return now_ms >= self._start_of(revoked_id)

    def forget_old(self, now_ms: int) -> None:
        """Remove what has ended by itself."""
        for file in self._directory.glob("*") if self._directory.is_dir() else ():
            try:
                _, until_ms = map(int, file.read_bytes().split())
            except ValueError:
                continue
            if until_ms <= now_ms:
                file.unlink(missing_ok=True)

    def _start_of(self, revoked_id: str) -> float:
        """From when it is refused: never if there is no file, always if the file cannot be read."""
        if not _ID.fullmatch(revoked_id):
            return 0
        try:
            from_ms, _ = map(int, (self._directory / revoked_id).read_bytes().split())
        except FileNotFoundError:
            return float("inf")
        except (OSError, ValueError):
            return 0
        return from_ms
