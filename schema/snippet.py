"""The snippet's features by name: what an owner may choose, and the collector can put together."""

from __future__ import annotations

DEFAULT_PATH = "/js/script.js"
FEATURES = (
    "engagement",
    "outbound",
    "downloads",
    "forms",
    "tagged",
    "404",
    "events",
    "hash",
    "manual",
    "exclude",
    "transform",
    "audience",
    "retry",
    "optout",
    "local",
)
# Names for several; page views, on load and within the page, are in every script.
PRESETS: dict[str, tuple[str, ...]] = {
    "pageviews": (),
    "default": ("engagement", "outbound", "downloads", "audience", "optout"),
    "all": FEATURES,
}
NEEDS = {"manual": "events"}  # with page views by hand there must be something to call


def expand_features(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the features that `names`, features and presets, stand for, in their order; None if one is neither."""
    chosen: set[str] = set()
    for name in names:
        if name not in FEATURES and name not in PRESETS:
            return None
        chosen.update(PRESETS.get(name, (name,)))
    chosen.update(NEEDS[name] for name in tuple(chosen) if name in NEEDS)
    return tuple(name for name in FEATURES if name in chosen)
