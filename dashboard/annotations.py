"""What happened on a day that explains a bend in a chart: the lines of `notes.toml`, and days with damaged segments.

The file stands in the data directory, and whoever runs Footfall writes it:

    [[note]]
    day = 2026-03-14
    text = "Cookie banner removed"
    site = "example.com"   # left out: every site
    kind = "changed"       # changed, lost, or note
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dashboard.period import Period

NAME = "notes.toml"
KINDS = {"lost": "Something was lost", "changed": "A definition changed", "note": "Note"}
_DAMAGED = "Part of what was received could not be read, and is kept apart"
_MAX_TEXT_LENGTH = 300

log = logging.getLogger("footfall.dashboard")


@dataclass(frozen=True, order=True)
class Annotation:
    """One line about a day."""

    day: date
    kind: str
    text: str
    site: str = ""

    @property
    def title(self) -> str:
        """What kind it is, in words."""
        return KINDS[self.kind]


class Annotations:
    """The notes of a data directory; read again whenever the file has changed."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME
        self._quarantine = data_dir / "spool" / "quarantine"
        self._seen: tuple[int, int] | None = None
        self._notes: tuple[Annotation, ...] = ()

    def of(self, site: str, period: Period) -> list[Annotation]:
        """Return what there is to say about `site` in `period`, in order."""
        everything = (*self._read(), *self._damaged())
        return sorted(note for note in everything if note.site in ("", site) and period.start <= note.day < period.end)

    def _read(self) -> Sequence[Annotation]:
        try:
            stat = self._path.stat()
        except OSError:
            return ()
        if (seen := (stat.st_mtime_ns, stat.st_size)) != self._seen:
            self._seen, self._notes = seen, _parse(self._path)
        return self._notes

    def _damaged(self) -> list[Annotation]:
        """The days of which segments are kept apart."""
        try:
            names = [entry.name for entry in self._quarantine.iterdir()]
        except OSError:
            return []
        return [Annotation(day, "lost", _DAMAGED) for name in names if (day := _day(name))]


def _parse(path: Path) -> tuple[Annotation, ...]:
    """The notes in the file; what makes no sense in it is left out and logged, and stops nothing."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("note", [])
        return tuple(_note(entry) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        log.warning("%s cannot be read: each [[note]] takes a day, a text, and perhaps a site and a kind", NAME)
        return ()


def _note(entry: dict[str, Any]) -> Annotation:
    day, kind = entry["day"], entry.get("kind", "note")
    if not isinstance(day, date) or kind not in KINDS:
        raise ValueError(kind)
    return Annotation(date(day.year, day.month, day.day), kind, str(entry["text"])[:_MAX_TEXT_LENGTH],
                      str(entry.get("site", "")))  # fmt: skip


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
