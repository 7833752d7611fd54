"""How large is the tracker, as a browser loads it?"""

from __future__ import annotations

import gzip
from importlib import resources


def measure() -> str:
    """Return a section of the report."""
    script = resources.files("collector").joinpath("static/default.js").read_bytes()
    compressed = len(gzip.compress(script, 9, mtime=0))
    return f"## Size of the snippet\n\n{len(script):,} bytes, {compressed:,} with gzip -9."
