from collections.abc import Callable

import httpx

Ask = Callable[..., httpx.Response]


def test_the_script_is_served_and_asked_for_again_only_when_it_changes(ask: Ask) -> None:
    answer = ask("GET", "/js/script.js")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert b"api/event" in answer.content
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"old", {tag}'):
        again = ask("GET", "/js/script.js", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask("GET", "/js/script.js", headers={"if-none-match": '"old"'}).status_code == 200
