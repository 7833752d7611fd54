"""The secret that signs dashboard tokens: from the settings, or made once and kept beside the counts."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from schema.durable_files import fsync_directory, make_directory, write_all
from schema.settings import Settings

_SECRET_BYTES = 32


def token_secret(settings: Settings) -> str:
    """Return `dashboard.share_secret`, or else the content of data_dir/secret, made at first use."""
    if settings.dashboard.share_secret:
        return settings.dashboard.share_secret
    path = settings.data_dir / "secret"
    if not path.exists():
        make_directory(settings.data_dir)
        _create(path, secrets.token_urlsafe(_SECRET_BYTES))
    return path.read_text(encoding="ascii")


def _create(path: Path, secret: str) -> None:
    """Put `secret` at `path` unless another process was quicker; nobody ever reads half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, secret.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    fsync_directory(path.parent)
