"""Shared links: who has one reads one site, until it ends or its file in data_dir/access/shares is removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from itsdangerous import BadSignature

from dashboard.access import EXPIRED, signer
from dashboard.query import Comparison
from dashboard.segment import parse_segment
from schema.durable_files import fsync_directory, make_directory, replace_file
from schema.errors import RejectError

TAKEN_BACK = "opens nothing, or was taken back"

_SALT = "footfall shared link"
_ID = re.compile(r"[0-9a-f]{16}")


class Share(msgspec.Struct, frozen=True):
    """One link, as it is kept; the link itself is not kept, but can be made again. Times: ms since the epoch."""

    id: str
    site: str
    name: str
    created_at: int
    expires_at: int = 0  # 0: never
    segment: tuple[str, ...] = ()
    embed: tuple[str, ...] = ()  # origins whose pages may show it in a frame

    @property
    def conditions(self) -> tuple[Comparison, ...]:
        """The segment, understood."""
        return parse_segment(self.segment)

    def has_ended(self, now_ms: int) -> bool:
        """Whether it is past its time."""
        return 0 < self.expires_at <= now_ms


class Shares:
    """All of them. What is not in the directory is no link, whoever signed it."""

    def __init__(self, directory: Path, secret: str) -> None:
        self._directory = directory / "shares"
        self._secret = secret

    def add(self, share: Share) -> str:
        """Keep `share`, and return its token."""
        make_directory(self._directory)
        replace_file(self._file(share.id), msgspec.json.encode(share))
        return self.token_of(share)

    def token_of(self, share: Share) -> str:
        """Return what its link holds; safe in an address."""
        return signer(self._secret, _SALT).dumps(share.id)

    def find(self, token: str, now_ms: int) -> Share:
        """Return the share of a link.

        Raises:
            RejectError: there is none, or not any more.
        """
        try:
            share_id = signer(self._secret, _SALT).loads(token)
            share = self._read(share_id)
        except (BadSignature, OSError, ValueError, TypeError, msgspec.DecodeError):
            raise RejectError("share", TAKEN_BACK) from None
        if share.has_ended(now_ms):
            raise RejectError("share", EXPIRED)
        return share

    def all(self) -> Iterator[Share]:
        """Yield every share, by id; those that cannot be read open nothing, and are left out."""
        for file in sorted(self._directory.glob("*.json")) if self._directory.is_dir() else ():
            try:
                yield self._read(file.stem)
            except (OSError, ValueError, msgspec.DecodeError):
                continue

    def remove(self, share_id: str) -> bool:
        """Take a link back, durably; return whether there was one."""
        if not _ID.fullmatch(share_id) or not self._file(share_id).exists():
            return False
        self._file(share_id).unlink(missing_ok=True)
        fsync_directory(self._directory)
        return True

    def _read(self, share_id: str) -> Share:
        share = msgspec.json.decode(self._file(share_id).read_bytes(), type=Share)
        if share.id != share_id:
            raise ValueError("a file under another share's name")
        return share

    def _file(self, share_id: str) -> Path:
        if not _ID.fullmatch(share_id):
            raise ValueError("that is not the id of a share")
        return self._directory / f"{share_id}.json"
