"""The snippet put together from chosen features, out of the sections that its build leaves apart."""

from __future__ import annotations

import gzip
import re
from functools import cache, lru_cache
from importlib.resources import files

import msgspec
import xxhash

from schema.snippet import PRESETS, expand_features

_PIECES = re.compile(r"(/\*<[^*]*\*/|/\*>\*/)")
_KEPT = 64  # combinations; whoever asks for all of them shall not fill the memory


class Script(msgspec.Struct, frozen=True):
    """One script: its bytes, the same with gzip -9, and 16 hexadecimal digits that no other script has."""

    content: bytes
    compressed: bytes
    version: str


@lru_cache(_KEPT)
def make_script(features: tuple[str, ...]) -> Script | None:
    """Return the script with `features`, names of features or presets; None if one is unknown."""
    chosen = expand_features(features)
    if chosen is None:
        return None
    preset = next((name for name, members in PRESETS.items() if set(members) == set(chosen)), None)
    return pack_script(_read(preset).encode() if preset else compose(_read("sections"), chosen).encode())


def pack_script(content: bytes) -> Script:
    """Return `content` as a script."""
    return Script(content, gzip.compress(content, 9, mtime=0), xxhash.xxh3_64_hexdigest(content))


def compose(sections: str, features: tuple[str, ...]) -> str:
    """Return the script with exactly `features` from the text `sections`, as `js-snippet/sections.mjs` does."""
    kept, pieces = [True], []
    for index, piece in enumerate(_PIECES.split(sections)):
        if index % 2 == 0:
            pieces.append(piece if kept[-1] else "")
        elif piece == "/*>*/":
            kept.pop()
        else:
            kept.append(kept[-1] and any(_is_chosen(name, features) for name in piece[3:-2].split("|")))
    return "".join(pieces).replace(";}", "}")


def _is_chosen(name: str, features: tuple[str, ...]) -> bool:
    if name.startswith("!"):
        return name[1:] not in features
    return name == "script" or name in features


@cache
def _read(name: str) -> str:
    return (files("collector") / "static" / f"{name}.js").read_text(encoding="utf-8")
