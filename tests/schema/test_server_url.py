"""The url of a server: what it may say, and that its password is in no error and no representation."""

import pytest

from schema.errors import SettingError
from schema.server_url import ServerUrl, parse_server_url


def test_the_shortest_url_is_the_default_user_on_the_native_port() -> None:
    url = parse_server_url("clickhouse://db.example.com")
    assert url == ServerUrl("db.example.com", 9000)
    assert (url.user, url.database, url.compression, url.secure) == ("default", "footfall", "lz4", False)


def test_every_part_is_read() -> None:
    url = parse_server_url(
        "clickhouse://wri%40ter:s%2Fcret@[::1]:9441/web?secure=1&ca=/etc/ca.pem&cluster=main&connect_timeout=3&timeout=30"
    )
    assert url == ServerUrl(
        "::1", 9441, "wri@ter", "s/cret", "web", secure=True, ca="/etc/ca.pem", cluster="main", connect_timeout=3,
        timeout=30,
    )  # fmt: skip


def test_tls_has_its_own_port_and_is_verified_unless_told_not_to() -> None:
    assert parse_server_url("clickhouse://db?secure=1").port == 9440
    assert parse_server_url("clickhouse://db?secure=1").verify
    assert not parse_server_url("clickhouse://db?secure=1&verify=0").verify


@pytest.mark.parametrize(
    "url",
    [
        "http://hunter2@db",
        "clickhouse://",
        "clickhouse://u:hunter2@/footfall",
        "clickhouse://u:hunter2@db:port/footfall",
        "clickhouse://u:hunter2@db:99999",
        "clickhouse://u:hunter2@db/a-b",
        "clickhouse://u:hunter2@db/a.b",
        "clickhouse://u:hunter2@db?colour=red",
        "clickhouse://u:hunter2@db?secure=yes",
        "clickhouse://u:hunter2@db?secure=1&secure=0",
        "clickhouse://u:hunter2@db?verify=0",
        "clickhouse://u:hunter2@db?ca=/etc/ca.pem",
        "clickhouse://u:hunter2@db?cluster=",
        "clickhouse://u:hunter2@db?cluster=a'b",
        "clickhouse://u:hunter2@db?compression=zip",
        "clickhouse://u:hunter2@db?timeout=0",
        "clickhouse://u:hunter2@db?connect_timeout=1e3",
        "clickhouse://u:hunter2@[db",
        "clickhouse://u:hunter2@db#x",
    ],
)
def test_a_malformed_url_names_the_setting_and_never_the_password(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_server_url(url, "store.read_url")
    assert "store.read_url" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(parse_server_url("clickhouse://u:hunter2@db"))
