"""What a browser says of a request by itself: what none would send is forged."""

import pytest

from collector.bots import is_forged


def fetch_metadata(site: str = "", mode: str = "", dest: str = "", user: str = "", **more: str) -> dict[bytes, bytes]:
    sent = {"site": site, "mode": mode, "dest": dest, "user": user}
    headers = {f"sec-fetch-{name}".encode(): value.encode() for name, value in sent.items() if value}
    return headers | {name.encode(): value.encode() for name, value in more.items()}


@pytest.mark.parametrize(
    "headers",
    [
        fetch_metadata(),
        fetch_metadata("cross-site", "cors", "empty"),  # fetch, also with keepalive, and XMLHttpRequest
        fetch_metadata("same-site", "cors", "empty"),
        fetch_metadata("same-origin", "cors", "empty"),
        fetch_metadata("same-origin", "same-origin", "empty"),
        fetch_metadata("cross-site", "no-cors", "empty"),  # sendBeacon, and fetch without CORS
        fetch_metadata("same-origin", "no-cors", "empty"),
        fetch_metadata("cross-site", "cors"),  # without a destination: Chrome before 80, some service workers in Safari
        fetch_metadata("", "cors", ""),  # a proxy took some of them out
        fetch_metadata("cross-site", "", "empty"),
        fetch_metadata("none", "cors", "empty", origin="chrome-extension://abcdefghijklmnop"),
        fetch_metadata("none", "cors", "empty", origin="moz-extension://0c9e2a1b"),
    ],
)
def test_what_browsers_send_with_a_beacon_is_not_forged(headers: dict[bytes, bytes]) -> None:
    assert not is_forged(headers)


@pytest.mark.parametrize(
    "headers",
    [
        fetch_metadata(),
        fetch_metadata("cross-site", "no-cors", "image"),
        fetch_metadata("same-site", "cors", "image"),  # <img crossorigin>
        fetch_metadata("cross-site", "no-cors", "empty"),  # through a service worker
        fetch_metadata("none", "no-cors", "image"),  # on an extension's page
    ],
)
def test_what_browsers_send_for_an_image_is_not_forged(headers: dict[bytes, bytes]) -> None:
    assert not is_forged(headers, is_image=True)


@pytest.mark.parametrize("is_image", [False, True])
@pytest.mark.parametrize(
    "headers",
    [
        fetch_metadata("none", "navigate", "document", "?1"),  # the headers of opening a page, copied
        fetch_metadata("cross-site", "navigate", "empty"),
        fetch_metadata("cross-site", "websocket", "empty"),
        fetch_metadata("cross-site", "no-cors", "document"),
        fetch_metadata("cross-site", "no-cors", "script"),
        fetch_metadata("cross-site", "cors", "empty", "?1"),
        fetch_metadata("elsewhere", "cors", "empty"),
        fetch_metadata("cross-site", "CORS", "empty"),
        fetch_metadata("cross-site", "cors", "beacon"),
    ],
)
def test_what_no_browser_sends_is_forged(headers: dict[bytes, bytes], is_image: bool) -> None:
    assert is_forged(headers, is_image=is_image)


@pytest.mark.parametrize(
    "headers",
    [
        fetch_metadata("cross-site", "no-cors", "image"),
        fetch_metadata("none", "cors", "empty"),
        fetch_metadata("none", "cors", "empty", origin="https://example.com"),
    ],
)
def test_what_no_browser_sends_with_a_post_is_forged(headers: dict[bytes, bytes]) -> None:
    assert is_forged(headers)
