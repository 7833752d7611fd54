"""What a metric is has one wording: the dashboard's, the documentation's, and a place in both for each."""

import re
from pathlib import Path

from dashboard.figures import DEFINITIONS, NAMES
from dashboard.formulas import METRICS
from dashboard.view_filters import PREFIXES

DOCS = Path(__file__).parents[2] / "docs"


def test_every_metric_is_documented_in_the_words_of_the_dashboard() -> None:
    rows = re.findall(
        r"^\| (.+?) \| `(\w+)` \| (.+) \|$", (DOCS / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {(name, metric, meaning) for name, metric, meaning in rows} == {
        (NAMES[metric], metric, DEFINITIONS[metric]) for metric in METRICS
    }


def test_every_kind_of_filter_is_documented() -> None:
    page = (DOCS / "dashboard.md").read_text(encoding="utf-8")
    assert all(f"| `{prefix}" in page for prefix in PREFIXES.values() if prefix)
