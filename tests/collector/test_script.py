import asyncio
import gzip
from collections.abc import Callable

import httpx
import pytest
from starlette.applications import Starlette

from collector.script import script_routes
from collector.script_sections import make_script
from schema.settings import CollectorSettings, Settings
from schema.snippet import FEATURES

Ask = Callable[..., httpx.Response]
PLAIN = {"accept-encoding": "identity"}


def test_the_script_is_served_and_asked_for_again_only_when_it_changes(ask: Ask) -> None:
    answer = ask("GET", "/js/script.js", headers=PLAIN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert b"api/event" in answer.content
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"old", {tag}'):
        again = ask("GET", "/js/script.js", headers={**PLAIN, "if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask("GET", "/js/script.js", headers={"if-none-match": '"old"'}).status_code == 200


def test_it_travels_compressed_to_those_who_can_read_that(ask: Ask) -> None:
    plain = ask("GET", "/js/script.js", headers=PLAIN)
    small = ask("GET", "/js/script.js", headers={"accept-encoding": "gzip, br"})
    assert small.headers["content-encoding"] == "gzip"
    assert small.content == plain.content
    assert int(small.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0)) <= 1000
    assert small.headers["etag"] != plain.headers["etag"]
    assert small.headers["vary"] == plain.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    ("names", "features"),
    [
        ("pageviews", ()),
        ("default", ("default",)),
        ("all", FEATURES),
        ("forms.404", ("404", "forms")),
        ("404.forms", ("404", "forms")),
        ("default.events", ("default", "events")),
    ],
)
def test_an_address_names_features(ask: Ask, names: str, features: tuple[str, ...]) -> None:
    script = make_script(features)
    assert script is not None
    assert ask("GET", f"/js/script.{names}.js").content == script.content


@pytest.mark.parametrize("names", ["nothing", "default.nothing", "script", "!manual", "v0123456789abcdef"])
def test_what_is_no_feature_is_not_found(ask: Ask, names: str) -> None:
    answer = ask("GET", f"/js/script.{names}.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


def test_a_version_is_for_good_and_another_is_not_found(ask: Ask) -> None:
    script = make_script(("all",))
    assert script is not None
    answer = ask("GET", f"/js/script.all.v{script.version}.js")
    assert (answer.content, answer.headers["cache-control"]) == (script.content, "public, max-age=31536000, immutable")
    assert ask("GET", f"/js/script.default.v{script.version}.js").status_code == 404


def test_the_owner_chooses_its_name_and_what_it_does() -> None:
    settings = Settings(collector=CollectorSettings(script_path="/assets/stats.js", script_features=("all",)))
    transport = httpx.ASGITransport(Starlette(routes=script_routes(settings)))

    async def get(path: str) -> bytes:
        async with httpx.AsyncClient(transport=transport, base_url="http://collector.test") as client:
            return (await client.get(path)).content

    everything, small = make_script(("all",)), make_script(("pageviews",))
    assert everything is not None
    assert small is not None
    for path in ("/assets/stats.js", "/js/script.js", "/assets/stats.all.js"):
        assert asyncio.run(get(path)) == everything.content, path
    assert asyncio.run(get("/assets/stats.pageviews.js")) == small.content
