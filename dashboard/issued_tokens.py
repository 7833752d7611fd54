"""Which tokens the command has made, so that one can be found and revoked: not the tokens, only what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from dashboard.access import Role
from schema.durable_files import make_directory, replace_file


class IssuedToken(msgspec.Struct, frozen=True):
    """One token. Times are milliseconds since the epoch."""

    id: str
    name: str
    site: str
    role: Role
    created_at: int
    expires_at: int


class IssuedTokens:
    """A file each in data_dir/access/tokens. A token is good without its file: only `Revocations` ends it early."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "tokens"

    def add(self, token: IssuedToken) -> None:
        """Keep a note of `token`, durably."""
        make_directory(self._directory)
        replace_file(self._directory / f"{token.id}.json", msgspec.json.encode(token))

    def all(self) -> Iterator[IssuedToken]:
        """Yield every note, by id; those that cannot be read are left out."""
        for file in sorted(self._directory.glob("*.json")) if self._directory.is_dir() else ():
            try:
                yield msgspec.json.decode(file.read_bytes(), type=IssuedToken)
            except (OSError, msgspec.DecodeError):
                continue

    def forget_old(self, now_ms: int) -> None:
        """Remove the notes of tokens that have ended by themselves."""
        for token in self.all():
            if token.expires_at <= now_ms:
                (self._directory / f"{token.id}.json").unlink(missing_ok=True)
