"""`footfall user`, `share` and `token` as their owner runs them, and the dashboard that believes what they made."""

import dataclasses
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.access import Role
from footfall.access import make_login_link, make_share, new_user, revoke_share, revoke_token
from footfall.secret import token_secret
from schema.errors import ArgumentError
from schema.load_settings import load_settings
from schema.settings import Settings
from schema.store_embedded import EmbeddedStore
from support.dashboard_client import SECRET, Client
from support.embedded import shared_store
from support.people import PASSWORD, people, try_to_sign_in
from support.processes import wait_until

CONFIG = f"""[[site]]
domain = "example.com"
[dashboard]
share_secret = "{SECRET}"
"""


@pytest.fixture
def store() -> Iterator[EmbeddedStore]:
    with shared_store() as store:
        yield store


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "footfall.toml"
    file.write_text(f'data_dir = "{tmp_path}/data"\n{CONFIG}')
    return file


def run(config: Path, *arguments: str) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "footfall", *arguments, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_on_a_terminal(config: Path, typed: dict[str, str], *arguments: str) -> tuple[str, str]:
    """What the command prints, and what is seen on the terminal; `typed` is question → answer, in their order."""
    controller, terminal = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "footfall", *arguments, "--config", str(config)],
            stdin=terminal,
            stderr=terminal,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        seen = ""
        for question, answer in typed.items():
            while question not in seen:
                assert select.select([controller], [], [], 60)[0], seen
                seen += os.read(controller, 65_536).decode()
            wait_until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, 60, "the terminal shows nothing")
            os.write(controller, f"{answer}\n".encode())
        printed, _ = process.communicate(timeout=120)
    finally:
        os.close(controller)
        os.close(terminal)
    assert process.returncode == 0, seen
    return printed, seen


def test_a_new_user_signs_in_with_what_was_typed(config: Path, store: EmbeddedStore) -> None:
    printed, seen = run_on_a_terminal(
        config, {"Password for ann": PASSWORD, "Repeat": PASSWORD}, "user", "add", "ann", "--viewer", "example.com"
    )
    assert PASSWORD not in printed
    assert PASSWORD not in seen
    with config.open("a") as file:
        file.write(printed)
    (user,) = load_settings(config, {}).dashboard.users
    assert (user.name, user.owner, user.viewer) == ("ann", (), ("example.com",))
    client = Client(store, load_settings(config, {}))
    assert try_to_sign_in(client, "ann").status_code == 303
    assert "ann" in run(config, "user", "list")
    assert user.password not in run(config, "check-settings")


def test_a_shared_link_works_until_it_is_revoked(config: Path, store: EmbeddedStore) -> None:
    arguments = (
        "share",
        "example.com",
        "--segment",
        "country=DE",
        "--segment",
        "page=/blog*",
        "--days",
        "3",
        "--embed",
        "https://a.example",
    )
    link, *rest = run(config, *arguments).splitlines()
    client = Client(store, load_settings(config, {}))
    client.now = time.time_ns() // 1_000_000
    path = link.removeprefix("http://127.0.0.1:8000")
    assert client.get(path).status_code == 200
    assert f'<iframe src="{link.replace("/share/", "/embed/")}"' in "\n".join(rest)
    listed = run(config, "share", "--list")
    assert link in listed
    assert "country=DE" in listed
    assert "page=/blog*" in listed
    assert "opens nothing any more" in run(config, "share", "--revoke", listed.split()[0])
    assert client.get(path).status_code == 404
    assert run(config, "share", "--list") == "No shared links.\n"


@pytest.mark.parametrize("by", ["id", "token", "link"])
def test_a_token_works_until_it_is_revoked(tmp_path: Path, store: EmbeddedStore, by: str) -> None:
    settings = people(tmp_path, users=())
    link, note = make_login_link(settings, "example.com", 2, "", is_viewer=True)
    token = link.partition("token=")[2]
    client = Client(store, settings, now=time.time_ns() // 1_000_000)
    assert client.query(token).status_code == 200
    client.cookies = dict(client.get(f"/login?token={token}").cookies)
    assert client.get("/example.com").status_code == 200
    revoke_token(settings, {"id": note.split()[-1], "token": token, "link": link}[by])
    assert client.query(token).status_code == 401
    assert client.get("/example.com").status_code == 401
    assert "does not work" in client.get(f"/login?token={token}").text


def test_tokens_are_listed_by_name_and_never_kept(config: Path) -> None:
    link = run(config, "token", "--name", "grafana", "--viewer").strip()
    listed = run(config, "token", "--list")
    assert "grafana" in listed
    assert Role.VIEWER in listed
    kept = b"".join(file.read_bytes() for file in (config.parent / "data").rglob("*") if file.is_file())
    assert link.partition("token=")[2].encode() not in kept
    run(config, "token", "--revoke", listed.split()[0])
    assert run(config, "token", "--list") == "No tokens.\n"


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaaaa", "ann-password"])
def test_a_password_that_is_easy_to_guess_is_refused(tmp_path: Path, password: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        new_user(Settings(data_dir=tmp_path), "ann", (), (), lambda name: password)
    assert password not in str(caught.value)


@pytest.mark.parametrize("name", ["olive", "OLIVE", "two words", "", "x" * 65])
def test_a_name_that_is_taken_or_malformed_is_refused_before_the_password_is_asked_for(
    tmp_path: Path, name: str
) -> None:
    def ask(name: str) -> str:
        raise AssertionError("asked")

    with pytest.raises(ArgumentError, match="NAME"):
        new_user(people(tmp_path), name, (), (), ask)


def test_what_is_none_cannot_be_revoked(tmp_path: Path) -> None:
    for bad in ("../../secret", "x.y", "http://127.0.0.1:8000/login?token=x.y", "a-token-cut-off"):
        for revoke in (revoke_token, revoke_share):
            with pytest.raises(ArgumentError) as caught:
                revoke(people(tmp_path), bad)
            assert bad not in str(caught.value)  # it may be most of a token


def test_an_origin_that_is_none_is_a_wrong_argument_not_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"--embed 'a\.example' is wrong"):
        make_share(people(tmp_path), "example.com", (), 0, "", embed=("a.example",))


def test_links_begin_with_the_address_of_the_settings(tmp_path: Path) -> None:
    settings = people(tmp_path, url="https://stats.example")
    assert make_login_link(settings, "*", 1, "", is_viewer=False)[0].startswith("https://stats.example/login?token=")


def test_a_new_secret_ends_every_link(tmp_path: Path, store: EmbeddedStore) -> None:
    settings = people(tmp_path, users=(), share_secret="")
    assert token_secret(settings) != SECRET
    link, _ = make_login_link(settings, "*", 1, "", is_viewer=False)
    assert Client(store, dataclasses.replace(settings)).query(link.partition("token=")[2]).status_code == 401
