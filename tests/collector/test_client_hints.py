import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.client_hints import NO_HINTS, Hints, pack_hints, read_hints
from collector.user_agent import Browser, Browsers, corrected, parse_user_agent

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Safari/537.36"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Safari/537.36"
LINUX = f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Safari/537.36"
PHONE = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Mobile Safari/537.36"
TABLET = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Safari/537.36"
WEBVIEW = f"Mozilla/5.0 (Linux; Android 14; SM-A546B Build/UP1A; wv) {WEBKIT} Mobile Safari/537.36"
GREASE = '"Not?A_Brand";v="8"'


def hints(brands: str, mobile: str = "?0", platform: str = '"Windows"') -> bytes:
    return pack_hints(
        {
            b"sec-ch-ua": brands.encode(),
            b"sec-ch-ua-mobile": mobile.encode(),
            b"sec-ch-ua-platform": platform.encode(),
        }
    )


@pytest.mark.parametrize(
    ("brands", "name", "version"),
    [
        (f'"Google Chrome";v="141", {GREASE}, "Chromium";v="141"', "Chrome", "141"),
        (f'{GREASE}, "Chromium";v="141"', "Chromium", "141"),
        (f'"Brave";v="141", {GREASE}, "Chromium";v="141"', "Brave", "141"),
        (f'"Chromium";v="140", {GREASE}, "Microsoft Edge";v="140"', "Edge", "140"),
        (f'"Chromium";v="136", "Opera GX";v="121", {GREASE}', "Opera", "121"),
        ('"Vivaldi";v="7.6", "Chromium";v="140"', "Vivaldi", "7"),
        ('"Chromium";v="130", "Samsung Internet";v="28.0", "Not-A.Brand";v="99"', "Samsung Internet", "28"),
        ('"Android WebView";v="141", "Chromium";v="141"', "Android WebView", "141"),
        ('"DuckDuckGo";v="141", "Chromium";v="141"', "DuckDuckGo", "141"),
        ('"Chromium";v="138", "YaBrowser";v="25.8", "Yowser";v="2.5"', "Yandex Browser", "25"),
        (r'"\"Not A;Brand\"";v="99", "Google Chrome";v="89"', "Chrome", "89"),
        (' Not A;Brand , "Alices own";v="3"', "", ""),
        ('"Google Chrome";v="4915123456789"', "", ""),
        ("", "", ""),
    ],
)
def test_brands_say_which_browser_it_is(brands: str, name: str, version: str) -> None:
    found = read_hints(hints(brands))
    assert (found.name, found.version) == (name, version)


@pytest.mark.parametrize(
    ("user_agent", "sent", "browser"),
    [
        (WINDOWS, hints('"Brave";v="141"'), Browser("Desktop", "Brave", "141", "Windows", "10")),
        (WINDOWS, hints('"Google Chrome";v="141"'), Browser("Desktop", "Chrome", "141", "Windows", "10")),
        (MAC, hints('"Vivaldi";v="7.6"', platform='"macOS"'), Browser("Desktop", "Vivaldi", "7", "macOS", "")),
        (PHONE, hints('"Google Chrome";v="141"', "?1", '"Android"'), Browser("Mobile", "Chrome", "141", "Android", "")),
        (TABLET, hints('"Google Chrome";v="141"', "?0", '"Android"'),
         Browser("Tablet", "Chrome", "141", "Android", "")),
        # a tablet that asks for pages as on a desktop
        (LINUX, hints('"Google Chrome";v="141"', "?0", '"Android"'), Browser("Tablet", "Chrome", "141", "Android", "")),
        (LINUX, hints('"Google Chrome";v="141"', "?1", '"Android"'), Browser("Mobile", "Chrome", "141", "Android", "")),
        (LINUX, hints('"Chromium";v="141"', "?0", '"Chrome OS"'),
         Browser("Desktop", "Chromium", "141", "Chrome OS", "")),
        # apps say more in the user agent
        (f"{WEBVIEW} Instagram 390.0.0.43 Android", hints('"Android WebView";v="141"', "?1", '"Android"'),
         Browser("Mobile", "Instagram", "390", "Android", "14")),
        (f"{WINDOWS} Edg/141.0.0.0", hints('"Microsoft Edge WebView2";v="141"'),
         Browser("Desktop", "Edge", "141", "Windows", "10")),
        (WINDOWS, hints("", "", ""), Browser("Desktop", "Chrome", "141", "Windows", "10")),
        (WINDOWS, b"", Browser("Desktop", "Chrome", "141", "Windows", "10")),
        (WINDOWS, b"no hints at all", Browser("Desktop", "Chrome", "141", "Windows", "10")),
        (WINDOWS, hints('"Google Chrome";v="141"', "maybe", '"TempleOS"'),
         Browser("Desktop", "Chrome", "141", "Windows", "10")),
    ],
)  # fmt: skip
def test_hints_set_right_what_the_user_agent_hides(user_agent: str, sent: bytes, browser: Browser) -> None:
    assert parse_user_agent(user_agent, sent) == browser
    assert Browsers().parse(user_agent.encode(), sent) == browser


def test_a_headless_browser_is_a_program_whatever_its_user_agent() -> None:
    sent = hints(f'"HeadlessChrome";v="141", {GREASE}, "Chromium";v="141"')
    assert not parse_user_agent(WINDOWS).is_program
    assert parse_user_agent(WINDOWS, sent).is_program


def test_a_system_that_hints_have_no_name_for_stays() -> None:
    assert corrected(Browser("Mobile", "Chrome", "99", "HarmonyOS"), Hints(os="Android")).os == "HarmonyOS"
    assert corrected(Browser("Desktop", "Chrome", "99", "BSD"), Hints(os="Linux")).os == "BSD"


def test_without_hints_there_is_nothing_to_pack() -> None:
    assert pack_hints({b"user-agent": b"Firefox", b"sec-ch-ua-platform": b'"Linux"'}) == b""
    assert read_hints(b"") == NO_HINTS


def test_what_is_packed_is_bounded() -> None:
    assert len(hints('"x";v="1", ' * 10_000, "?" * 10_000, "y" * 10_000)) < 1000


@given(st.binary(max_size=200), st.binary(max_size=20), st.binary(max_size=40))
def test_nothing_but_names_from_lists_comes_out(brands: bytes, mobile: bytes, platform: bytes) -> None:
    sent = pack_hints({b"sec-ch-ua": brands, b"sec-ch-ua-mobile": mobile, b"sec-ch-ua-platform": platform})
    found = read_hints(sent)
    assert found.name in {"", *("Chrome", "Chromium")} or found.name in repr(parse_user_agent(WINDOWS, sent))
    assert found.os in {"", "Windows", "macOS", "Linux", "Android", "Chrome OS", "iOS"}
    assert found.version == "" or int(found.version) < 1000


@given(st.text(min_size=1, max_size=30), st.sampled_from(['"{}";v="1"', '"Brave";v="{}"', "{}"]))
def test_words_of_hints_are_never_repeated(word: str, place: str) -> None:
    brands = place.format(f"{word}canary").encode("utf-8", "replace")
    sent = pack_hints({b"sec-ch-ua": brands, b"sec-ch-ua-platform": brands})
    assert "canary" not in repr(parse_user_agent(WINDOWS, sent))
