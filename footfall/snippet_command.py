"""What `footfall snippet` prints: the tag to paste into every page, or the lines for a bundler."""

from __future__ import annotations

from urllib.parse import urlsplit

from collector.script_sections import Script, make_script
from footfall.integrity import integrity_of
from schema.durable_files import make_directory, replace_file
from schema.errors import ArgumentError
from schema.pinned import pinned_path
from schema.settings import Settings
from schema.snippet import FEATURES, PRESETS, embedding_lines, expand_features


def snippet_lines(settings: Settings, site: str, url: str, features: str, *, pin: bool, module: bool) -> list[str]:
    """Return the lines to paste for `site`; `url` is the collector's public address, empty: where it listens.

    With `pin` the script is kept in the data directory under its version, and the tag has its integrity.

    Raises:
        ArgumentError: there is no such site or feature, or `url` is no address.
    """
    if settings.site_of(site) is None:
        raise ArgumentError("--site", site, f"one of {', '.join(known.domain for known in settings.site)}")
    base = (url or f"http://{settings.collector.listen}").rstrip("/")
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).hostname:
        raise ArgumentError("--url", url, "the collector's address as browsers reach it, such as https://stats.example")
    names = tuple(features.replace(",", " ").split())
    script = make_script(names or settings.collector.script_features)
    if script is None:
        unknown = next(name for name in names if expand_features((name,)) is None)
        raise ArgumentError("--features", unknown, f"some of {', '.join((*PRESETS, *FEATURES))}")
    if module:
        return _module_lines(site, base)
    names = names or (settings.collector.script_features if pin else ())
    if pin:
        _keep(settings, script)
    version = (f"v{script.version}",) if pin else ()
    source = ".".join((settings.collector.script_path.removesuffix(".js"), *names, *version, "js"))
    integrity = f' integrity="{integrity_of(script.content)}" crossorigin="anonymous"' if pin else ""
    return embedding_lines(site, base, source, names or settings.collector.script_features, integrity)


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
