"""Settings with people and shared links in them, and a browser that fills in the sign-in form."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from dashboard.access import new_id
from dashboard.shares import Share, Shares
from schema.settings import DashboardSettings, Settings, SiteSettings, UserSettings
from support.dashboard_client import NOW, SECRET, Client

PASSWORD = "correct horse battery staple"
HASH = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
FRAMING = "https://blog.example"
SITES = (
    SiteSettings("example.com"),
    SiteSettings("other.org"),
    SiteSettings("open.example", public=True, embed=(FRAMING,)),
)
USERS = (
    UserSettings("olive", HASH, owner=("*",)),
    UserSettings("oscar", HASH, owner=("example.com",)),
    UserSettings("vera", HASH, viewer=("example.com",)),
    UserSettings("otto", HASH, owner=("other.org",)),
)


def people(data_dir: Path, **dashboard: Any) -> Settings:
    """The settings."""
    values = {"share_secret": SECRET, "users": USERS, **dashboard}
    return Settings(data_dir=data_dir, site=SITES, dashboard=DashboardSettings(**values))


def share(settings: Settings, site: str = "example.com", **more: Any) -> str:
    """The token of a new shared link."""
    return Shares(settings.access_dir, SECRET).add(Share(new_id(), site, "", NOW, **more))


def try_to_sign_in(
    client: Client, name: str = "olive", password: str = PASSWORD, path: str = "/", **headers: str
) -> httpx.Response:
    """Send the form as our own page does."""
    fields = {"name": name, "password": password, "next": path}
    own = {"Sec-Fetch-Site": "same-origin", **{key.replace("_", "-"): value for key, value in headers.items()}}
    return client.request("POST", "/login", data=fields, headers=own)


def signed_in(client: Client, name: str = "olive") -> Client:
    """The client with a session."""
    answer = try_to_sign_in(client, name)
    assert answer.status_code == 303, answer.text
    client.cookies |= dict(answer.cookies)
    return client


def with_password(settings: Settings, name: str, password_hash: str) -> Settings:
    """The settings after a change of one password."""
    users = tuple(
        dataclasses.replace(user, password=password_hash) if user.name == name else user
        for user in settings.dashboard.users
    )
    return dataclasses.replace(settings, dashboard=dataclasses.replace(settings.dashboard, users=users))
