"""What `footfall snippet` prints, and the integrity in it."""

from __future__ import annotations

import dataclasses
import hashlib
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.script_sections import make_script
from footfall.integrity import integrity_of, sha256
from footfall.snippet_command import snippet_lines
from schema.errors import ArgumentError, SettingError
from schema.load_settings import load_settings
from schema.settings import CollectorSettings, Settings
from schema.snippet import QUEUE

STATS = "https://stats.example.com"


def lines(settings: Settings, features: str = "", *, url: str = STATS, pin: bool = False, module: bool = False) -> str:
    return "\n".join(snippet_lines(settings, "example.com", url, features, pin=pin, module=module))


@given(st.binary(max_size=300))
def test_the_digest_is_the_standard_one(content: bytes) -> None:
    assert sha256(content) == hashlib.sha256(content).digest()


def test_it_prints_the_tag_and_the_pixel() -> None:
    assert lines(Settings()) == (
        f'<script defer data-domain="example.com" src="{STATS}/js/script.js"></script>\n'
        f'<noscript><img src="{STATS}/pixel.gif?d=example.com" alt="" width="1" height="1" '
        'referrerpolicy="no-referrer-when-downgrade"></noscript>'
    )
    assert 'src="http://127.0.0.1:8001/js/script.js"' in lines(Settings(), url="")
    assert f'src="{STATS}/js/script.default.events.js"' in lines(Settings(), "default,events")


@pytest.mark.parametrize("features", ["events", "manual", "default,events", "all"])
def test_with_events_it_prints_the_queue_first(features: str) -> None:
    queue, script, _ = lines(Settings(), features).splitlines()
    assert queue == QUEUE
    assert queue in Path("docs/embed.md").read_text()
    assert f"/js/script.{features.replace(',', '.')}.js" in script


def test_the_digest_is_the_standard_one_at_every_length_of_its_last_block() -> None:
    for length in (0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 5000):
        assert sha256(b"a" * length) == hashlib.sha256(b"a" * length).digest()


def test_only_a_version_that_cannot_change_has_an_integrity(tmp_path: Path) -> None:
    collector = CollectorSettings(script_path="/assets/stats.js", script_features=("default", "forms"))
    settings = Settings(data_dir=tmp_path / "data", collector=collector)
    script = make_script(("default", "forms"))
    assert script is not None
    assert "integrity" not in lines(settings)
    digest = b64encode(hashlib.sha256(script.content).digest()).decode()
    assert integrity_of(script.content) == f"sha256-{digest}"
    expected = f'{STATS}/assets/stats.default.forms.v{script.version}.js" integrity="sha256-{digest}"'
    assert f'src="{expected} crossorigin="anonymous"></script>' in lines(settings, pin=True)
    assert (tmp_path / "data" / "scripts" / f"{script.version}.js").read_bytes() == script.content
    assert lines(settings, pin=True) == lines(settings, pin=True)


def test_it_prints_the_lines_for_a_bundler() -> None:
    said = lines(Settings(), module=True)
    assert 'import { start, footfall } from "footfall-js-snippet";' in said
    assert f'start({{ domain: "example.com", collector: "{STATS}" }});' in said


@pytest.mark.parametrize(
    ("site", "url", "features", "name"),
    [
        ("other.example", STATS, "", "--site"),
        ("example.com", "stats.example.com", "", "--url"),
        ("example.com", "javascript:alert(1)", "", "--url"),
        ("example.com", STATS, "default,nothing", "--features"),
    ],
)
def test_what_it_cannot_print_is_a_wrong_argument(site: str, url: str, features: str, name: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        snippet_lines(Settings(), site, url, features, pin=False, module=False)
    assert caught.value.name == name


@pytest.mark.parametrize("path", ["stats.js", "/stats", "/api/stats.js", "/health/x.js", "/a/../b.js", "/a b.js"])
def test_a_path_that_cannot_be_served_stops_the_start(path: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(None, {"FOOTFALL__COLLECTOR__SCRIPT_PATH": path})
    assert caught.value.name == "collector.script_path"


def test_an_unknown_feature_stops_the_start() -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(None, {"FOOTFALL__COLLECTOR__SCRIPT_FEATURES": '["default", "magic"]'})
    assert caught.value.name == "collector.script_features"
    assert dataclasses.asdict(CollectorSettings())["script_features"] == ("default",)
