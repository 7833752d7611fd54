"""Templates → HTML. Everything is escaped; a name that a template misspells is an error."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboard.figures import DEFINITIONS, NAMES
from dashboard.filter_form import filter_title
from dashboard.locale import language_tag
from dashboard.panel_rows import name_value
from dashboard.segment import SIGN_NAMES
from dashboard.static_files import version_of
from dashboard.view_filters import OPERATOR_NAMES, filter_of
from dashboard.words import (
    REJECTION_MEANINGS,
    REJECTION_NAMES,
    describe_strays,
    format_count,
    name_comparison,
    name_dates,
    name_day,
    name_period,
)


class Templates:
    """The templates of this package."""

    def __init__(self) -> None:
        self.version = version_of()
        self._environment = Environment(
            loader=PackageLoader("dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "comparison": name_comparison,
            "count": format_count,
            "dates": name_dates,
            "day": name_day,
            "filter_title": filter_title,
            "operator": lambda operator: OPERATOR_NAMES[operator],
            "filter_of": lambda condition: filter_of(condition.dimension),
            "sign": lambda condition: SIGN_NAMES[condition.operator],
            "period": name_period,
            "rejection": lambda reason: REJECTION_NAMES.get(reason, reason),
            "strays": describe_strays,
            "value_name": lambda value, filter_name: name_value(filter_name, value),
        }
        self._environment.globals |= {
            "metric_names": NAMES,
            "definitions": DEFINITIONS,
            "operators": OPERATOR_NAMES,
            "rejection_meanings": REJECTION_MEANINGS,
            "language_tag": language_tag,
            "static": f"/static/{self.version}",
        }

    def render(self, template: str, **values: object) -> str:
        """Return the HTML of `template`."""
        return self._environment.get_template(template).render(values)
