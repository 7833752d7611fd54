import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import SettingError, StopError, UnknownSettingError
from schema.format_settings import format_toml
from schema.load_settings import load_settings
from schema.settings import (
    AggregatorSettings,
    CollectorSettings,
    DashboardSettings,
    Settings,
    SiteSettings,
    SpoolSettings,
    StoreSettings,
    UserSettings,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
domains = st.from_regex(r"x[a-z0-9]{1,10}(\.[a-z]{2,5}){1,2}", fullmatch=True)
sites = st.lists(
    st.builds(
        SiteSettings,
        domain=domains,
        timezone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]),
        hostnames=st.lists(domains, max_size=3).map(tuple),
        public=st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda site: site.domain,
).map(tuple)
HASH = "$argon2id$v=19$m=65536,t=3,p=4$TM+8iY3iOMso7YRLOVG40Q$gVgnYcvyCosRw2oP/+MSd1IH6s7ov1uxPhZfLsHOz/w"
trees = st.builds(
    Settings,
    data_dir=texts.map(Path).filter(lambda path: path != Path()),
    node=st.integers(0, 4095),
    site=sites,
    collector=st.builds(CollectorSettings, workers=st.integers(1, 64), respect_dnt=st.booleans()),
    spool=st.builds(SpoolSettings, segment_seconds=st.integers(1, 300)),
    aggregator=st.builds(AggregatorSettings, live_seconds=st.integers(1, 300)),
    store=st.builds(StoreSettings, url=texts.map(lambda text: f"chdb:{text}")),
    dashboard=st.builds(
        DashboardSettings,
        share_secret=st.sampled_from(["", 'a "quoted" \\ secret\n']),
        url=st.sampled_from(["", "https://stats.example:8443"]),
        users=st.sampled_from([(), (UserSettings('"o\\', HASH, ("*",)), UserSettings("b", HASH, (), ("*",)))]),
        min_count=st.integers(0, 50),
    ),
)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "footfall.toml"
    path.write_text(text, encoding="utf-8")
    return path


@given(tree=trees)
def test_settings_survive_the_round_trip(tree: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert load_settings(write(tmp_path_factory.getbasetemp(), format_toml(tree)), {}) == tree


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={}) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[collector]\nworkers = 4\nlisten = "127.0.0.1:9000"\n')
    settings = load_settings(path, {"FOOTFALL__COLLECTOR__WORKERS": "8", "UNRELATED": "x"})
    assert (settings.collector.workers, settings.collector.listen) == (8, "127.0.0.1:9000")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("FOOTFALL__NODE", "12", lambda settings: settings.node == 12),
        ("FOOTFALL__DATA_DIR", "/var/lib/footfall", lambda settings: settings.data_dir == Path("/var/lib/footfall")),
        ("FOOTFALL__COLLECTOR__RESPECT_DNT", "true", lambda settings: settings.collector.respect_dnt is True),
        (
            "FOOTFALL__COLLECTOR__TRUSTED_PROXIES",
            "10.0.0.0/8, ::1",
            lambda settings: settings.collector.trusted_proxies == ("10.0.0.0/8", "::1"),
        ),
        ("FOOTFALL__SITE", '[{domain = "a.org"}]', lambda settings: settings.site == (SiteSettings("a.org"),)),
    ],
)
def test_every_type_can_come_from_the_environment(name: str, text: str, expected: Any) -> None:
    assert expected(load_settings(environ={name: text}))


@pytest.mark.parametrize(
    ("toml", "name"),
    [
        ("node = '1'", "node"),
        ("node = true", "node"),
        ("node = 4096", "node"),
        ("collector = 1", "collector"),
        ("[collector]\nworkers = 0", "collector.workers"),
        ("[collector]\nlisten = '8001'", "collector.listen"),
        ("[collector]\ntrusted_proxies = ['proxy']", "collector.trusted_proxies"),
        ("site = []", "site"),
        ("[site]\ndomain = 'a.org'", "site"),
        ("data_dir = ''", "data_dir"),
        ("[dashboard]\nlisten = '127.0.0.1:8001'", "dashboard.listen"),
        ("[[site]]\ndomain = 'Example.com'", "site.domain"),
        ("[[site]]\ndomain = 'https://example.com/'", "site.domain"),
        ("[[site]]\ndomain = 'www.example.com'", "site.domain"),
        ("[[site]]\ndomain = 'a.org'\n[[site]]\ndomain = 'a.org'", "site.domain"),
        ("[[site]]\ndomain = 'a,b'", "site.domain"),
        ("[[site]]\ndomain = 'a.org'\nhostnames = ['https://b.org/']", "site.hostnames"),
        ("[[site]]\ndomain = 'a.org'\nblocked_addresses = ['office']", "site.blocked_addresses"),
        ("[[site]]\ndomain = 'a.org'\nblocked_addresses = ['::ffff:192.0.2.0/120']", "site.blocked_addresses"),
        ("[[site]]\ndomain = 'a.org'\nblocked_paths = ['intern']", "site.blocked_paths"),
        ("[[site]]\ndomain = 'a.org'\nblocked_countries = ['UK']", "site.blocked_countries"),
        ("[[site]]\ndomain = 'a.org'\nblocked_countries = ['de']", "site.blocked_countries"),
        ("[[site]]\ndomain = 'a.org'\nblocked_referrers = ['https://spam.example/']", "site.blocked_referrers"),
        ("log_format = 'xml'", "log_format"),
        ("[collector]\nforwarded_header = 'x-real-ip'", "collector.forwarded_header"),
        ("[collector]\ntrusted_proxies = ['0.0.0.0/0']", "collector.trusted_proxies"),
        ("[collector]\nvisitor_rate = -1", "collector.visitor_rate"),
        ("[collector]\nsite_rate = -1", "collector.site_rate"),
        ("[[site]]\ndomain = 'a.org'\ntimezone = 'Mars/Olympus'", "site.timezone"),
        ("[store]\nurl = 'mysql://root:hunter2@db'", "store.url"),
        ("[dashboard]\nshare_secret = 'hunter2'", "dashboard.share_secret"),
        ("[dashboard]\nmin_count = -1", "dashboard.min_count"),
        ("[dashboard]\nurl = 'https://stats.example/path'", "dashboard.url"),
        ("[dashboard]\nurl = 'stats.example'", "dashboard.url"),
        ("[[dashboard.users]]\nname = 'a'\npassword = 'hunter2'\nowner = ['*']", "dashboard.users.password"),
        (f"[[dashboard.users]]\nname = 'a b'\npassword = '{HASH}'\nowner = ['*']", "dashboard.users.name"),
        (f"[[dashboard.users]]\nname = 'a'\npassword = '{HASH}'", "dashboard.users"),
        (f"[[dashboard.users]]\nname = 'a'\npassword = '{HASH}'\nviewer = ['b.org']", "dashboard.users.viewer"),
        (2 * f"[[dashboard.users]]\nname = 'a'\npassword = '{HASH}'\nowner = ['*']\n", "dashboard.users.name"),
        ("[[dashboard.users]]\nname = 'a'\npassword = 7", "dashboard.users.password"),
        ("[[site]]\ndomain = 'a.org'\nembed = ['https://b.org/path']", "site.embed"),
        ("[[site]]\ndomain = 'a.org'\nembed = ['*']", "site.embed"),
        ("not toml", "--config"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(toml: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings(write(tmp_path, toml), {})
    assert caught.value.name == name
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "name", "meant"),
    [
        ("colour = 1", "colour", ""),
        ("[collector]\nworker = 1", "collector.worker", "workers"),
        ("[[site]]\ndomain = 'a.org'\ntimezon = 'x'", "site.timezon", "timezone"),
    ],
)
def test_an_unknown_setting_is_refused_by_name_and_the_right_one_suggested(
    toml: str, name: str, meant: str, tmp_path: Path
) -> None:
    with pytest.raises(UnknownSettingError) as caught:
        load_settings(write(tmp_path, toml), {})
    assert (caught.value.name, caught.value.meant) == (name, meant)


@pytest.mark.parametrize("name", ["FOOTFALL__COLOUR", "FOOTFALL__NODE__X", "FOOTFALL__COLLECTOR__PORT"])
def test_an_unknown_environment_key_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(StopError):
        load_settings(write(tmp_path, "node = 1"), {name: "1"})


def test_a_missing_file_is_refused_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="exists"):
        load_settings(tmp_path / "none.toml", {})


def test_secrets_are_hidden_where_settings_are_shown() -> None:
    settings = Settings(
        store=StoreSettings("clickhouse://writer:hunter2@db/footfall"),
        dashboard=DashboardSettings(
            share_secret="hunter2" * 3, users=(UserSettings("a", HASH + "hunter2", owner=("*",)),)
        ),
    )
    assert "hunter2" not in repr(settings) + format_toml(settings, secrets=False)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().node = 2  # type: ignore[misc]  # the point of the test
