"""Pinned scripts: bytes that pages ask for by their digest, kept so that no update takes them away."""

from __future__ import annotations

import re
from pathlib import Path

_VERSION = re.compile(r"[0-9a-f]{16}")


def pinned_path(data_dir: Path, version: str) -> Path | None:
    """Return where the script with this `version` is kept, there or not; None if it is no version."""
    return data_dir / "scripts" / f"{version}.js" if _VERSION.fullmatch(version) else None
