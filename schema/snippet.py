"""The snippet's features by name, what an owner may choose; and the lines with which a page embeds it."""

from __future__ import annotations

from html import escape

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
    "default": ("engagement", "outbound", "downloads", "audience", "retry", "optout", "local"),
    "all": FEATURES,
}
# The page may call footfall() before the script is there, or without it.
QUEUE = "<script>window.footfall ||= function () { (footfall.q ||= []).push(arguments) }</script>"
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


def embedding_lines(site: str, base: str, source: str, features: tuple[str, ...], extra: str = "") -> list[str]:
    """Return the lines to paste: the queue if `features` have events, the script `source`, the pixel.

    `base` is the collector's address, `extra` the end of the script's attributes, as HTML.
    """
    queue = [QUEUE] if "events" in (expand_features(features) or ()) else []
    script = f'<script defer data-domain="{escape(site)}" src="{escape(base + source)}"{extra}></script>'
    # Across origins a browser names only the page's host, unless the image asks for more.
    pixel = (
        f'<noscript><img src="{escape(base)}/pixel.gif?d={escape(site)}" alt="" width="1" height="1" '
        'referrerpolicy="no-referrer-when-downgrade"></noscript>'
    )
    return [*queue, script, pixel]
