"""Texts that someone means harm with, or that break what is careless: the same each time."""

from __future__ import annotations

import random

_SEEDS = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "{{7*7}}", "${7*7}",
    "' OR 1=1 --", "'; DROP TABLE visits; --", "\\' UNION SELECT 1", "{v0:String}", "{site:String}", "%(x)s", "`x`",
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"x\")", "a,b", "a\"b", "a\nb",
    "\u202etxt.exe", "\u0000", "\x1b[31m", "\ufeff", "é", "e\u0301", "ß", "İ", "ﬀ", "👩‍👩‍👧", "𝕏", "\ud7ff", "\u2028",
    "../../etc/passwd", "%00", "%2e%2e", "(?i)", "[", "(", "*", "**", "a|b", "a;b", "\\", "\\\\", "NULL", "Other",
    "0", "-1", "1e999", "true", "[]", "{}", " ", "\u00a0",
)  # fmt: skip


def hostile_strings(count: int, seed: int = 11) -> list[str]:
    """Return `count` different ones: the seeds, then two or three of them put together."""
    chance = random.Random(seed)
    found = dict.fromkeys(_SEEDS)
    while len(found) < count:
        found["".join(chance.choices(_SEEDS, k=chance.choice([2, 3])))] = None
    return list(found)[:count]
