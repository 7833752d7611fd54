"""What `footfall snippet` prints: the tag to paste into every page, or the lines for a bundler."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from collector.script_sections import Script, make_script
from footfall.integrity import integrity_of
from schema.durable_files import make_directory, replace_file
from schema.errors import SettingError
from schema.pinned import pinned_path
from schema.settings import Settings
from schema.snippet import FEATURES, PRESETS, expand_features


def snippet_lines(settings: Settings, site: str, url: str, features: str, *, pin: bool, module: bool) -> list[str]:
    """Return the lines to paste for `site`; `url` is the collector's public address, empty: where it listens.

    With `pin` the script is kept in the data directory under its version, and the tag has its integrity.

    Raises:
        SettingError: there is no such site or feature, or `url` is no address.
    """
    if settings.site_of(site) is None:
        raise SettingError("--site", site, f"one of {', '.join(known.domain for known in settings.site)}")
    base = (url or f"http://{settings.collector.listen}").rstrip("/")
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).hostname:
        raise SettingError("--url", url, "the collector's address as browsers reach it, such as https://stats.example")
    names = tuple(features.replace(",", " ").split())
    script = make_script(names or settings.collector.script_features)
    if script is None:
        unknown = next(name for name in names if expand_features((name,)) is None)
        raise SettingError("--features", unknown, f"some of {', '.join((*PRESETS, *FEATURES))}")
    if module:
        return _module_lines(site, base)
    names = names or (settings.collector.script_features if pin else ())
    if pin:
        _keep(settings, script)
    return [_tag(settings, site, base, names, script if pin else None), _pixel(site, base)]


def _tag(settings: Settings, site: str, base: str, names: tuple[str, ...], pinned: Script | None) -> str:
    stem = settings.collector.script_path.removesuffix(".js")
    version = (f"v{pinned.version}",) if pinned else ()
    source = ".".join((base + stem, *names, *version, "js"))
    integrity = f' integrity="{integrity_of(pinned.content)}" crossorigin="anonymous"' if pinned else ""
    return f'<script defer data-domain="{escape(site)}" src="{escape(source)}"{integrity}></script>'


def _pixel(site: str, base: str) -> str:
    # Across origins a browser names only the page's host, unless the image asks for more.
    return (
        f'<noscript><img src="{escape(base)}/pixel.gif?d={escape(site)}" alt="" width="1" height="1" '
        'referrerpolicy="no-referrer-when-downgrade"></noscript>'
    )


def _module_lines(site: str, base: str) -> list[str]:
    return [
        'import { start, footfall } from "footfall-js-snippet";',
        "",
        f'start({{ domain: "{site}", collector: "{base}" }});',
    ]


def _keep(settings: Settings, script: Script) -> None:
    path = pinned_path(settings.data_dir, script.version)
    assert path is not None
    if not path.exists():
        make_directory(path.parent)
        replace_file(path, script.content)
