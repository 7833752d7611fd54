import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.client_hints import pack_hints
from collector.user_agent import Browser, Browsers, parse_user_agent

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME_ON_WINDOWS = f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36"
IPHONE = f"{MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
GOOGLEBOT = f"{MOZILLA} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("user_agent", "browser"),
    [
        (CHROME_ON_WINDOWS, Browser("Desktop", "Chrome", "141", "Windows", "10")),
        (f"{CHROME_ON_WINDOWS} Edg/141.0.0.0", Browser("Desktop", "Edge", "141", "Windows", "10")),
        (f"{CHROME_ON_WINDOWS} OPR/120.0.0.0", Browser("Desktop", "Opera", "120", "Windows", "10")),
        (
            f"{MOZILLA} (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            Browser("Desktop", "Firefox", "143", "Linux", ""),
        ),
        (
            f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
            " Safari/605.1.15",
            Browser("Desktop", "Safari", "18", "macOS", "10.15"),
        ),
        (f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1", Browser("Mobile", "Safari", "18", "iOS", "18")),
        (f"{IPHONE} CriOS/141.0.0.0 Mobile/15E148 Safari/604.1", Browser("Mobile", "Chrome", "141", "iOS", "18")),
        (
            f"{MOZILLA} (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
            " Mobile/15E148 Safari/604.1",
            Browser("Tablet", "Safari", "17", "iOS", "17"),
        ),
        (
            f"{MOZILLA} (Linux; Android 10; K) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36",
            Browser("Mobile", "Chrome", "141", "Android", ""),  # the 10 is always there
        ),
        (
            f"{MOZILLA} (Linux; Android 10; SM-G960F) {WEBKIT} Chrome/99.0.0.0 Mobile Safari/537.36",
            Browser("Mobile", "Chrome", "99", "Android", "10"),
        ),
        (
            f"{MOZILLA} (Linux; Android 14; SM-X710) {WEBKIT} Chrome/141.0.0.0 Safari/537.36",
            Browser("Tablet", "Chrome", "141", "Android", "14"),
        ),
        (
            f"{MOZILLA} (Linux; Android 14; SM-S911B) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile"
            " Safari/537.36",
            Browser("Mobile", "Samsung Internet", "28", "Android", "14"),
        ),
        (f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36",
         Browser("Desktop", "Chrome", "141", "Chrome OS", "")),
        (f"{MOZILLA} (compatible; Konqueror/4.5; FreeBSD) KHTML/4.5.4", Browser("", "Other", "4", "BSD", "")),
        ("Gecko/ Alices own browser", Browser()),
        ("Alices own browser", Browser(is_program=True)),
    ],
)  # fmt: skip
def test_a_user_agent_is_known_by_device_browser_and_system(user_agent: str, browser: Browser) -> None:
    assert parse_user_agent(user_agent) == browser


@pytest.mark.parametrize("user_agent", [GOOGLEBOT, CHROME_ON_WINDOWS.replace("Chrome", "HeadlessChrome"), "curl/8", ""])
def test_a_program_is_marked_as_one(user_agent: str) -> None:
    assert parse_user_agent(user_agent).is_program


@pytest.mark.parametrize(
    "user_agent",
    [
        CHROME_ON_WINDOWS.replace("141.0", "4915123456789.0"),
        IPHONE.replace("18_5", "4915123456789_5") + " Version/4915123456789.1 Mobile/15E148 Safari/604.1",
        "Konqueror/4915123456789",
    ],
)
def test_a_version_cannot_carry_a_number_of_a_person(user_agent: str) -> None:
    assert "4915" not in repr(parse_user_agent(user_agent))


@given(
    st.text(max_size=60), st.sampled_from(["{}/1.0", "Mozilla/5.0 ({}) Gecko Firefox/1.0", "{}", "Mozilla/5.0 {}/2.0"])
)
def test_words_of_a_user_agent_are_never_repeated(word: str, place: str) -> None:
    browser = parse_user_agent(place.format(f"{word}canary"))
    assert "canary" not in repr(browser)


def test_the_same_user_agent_is_parsed_once() -> None:
    browsers = Browsers()
    assert browsers.parse(CHROME_ON_WINDOWS.encode()) is browsers.parse(CHROME_ON_WINDOWS.encode())
    assert len(browsers) == 1


def test_equal_browsers_are_one_in_memory() -> None:
    browsers = Browsers()
    assert browsers.parse(CHROME_ON_WINDOWS.encode()) is browsers.parse(f"{CHROME_ON_WINDOWS} and more".encode())
    assert len(browsers) == 2


def test_the_same_user_agent_with_other_hints_is_another_browser() -> None:
    browsers = Browsers()
    brave = pack_hints({b"sec-ch-ua": b'"Brave";v="141"'})
    assert browsers.parse(CHROME_ON_WINDOWS.encode(), brave).name == "Brave"
    assert browsers.parse(CHROME_ON_WINDOWS.encode()).name == "Chrome"
    assert browsers.parse(CHROME_ON_WINDOWS.encode(), brave).name == "Brave"


def test_no_more_browsers_are_remembered_than_there_is_room_for() -> None:
    browsers = Browsers(8)
    for number in range(100):
        browsers.parse(f"Browser/{number}".encode())
        assert len(browsers) <= 8


def test_what_came_first_is_forgotten_first() -> None:
    browsers = Browsers(8)
    for number in range(8):
        browsers.parse(f"Browser/{number}".encode())
    first, second, third, *others = browsers._known
    browsers.parse(b"one more")
    assert [key for key in (first, second, third, *others) if key in browsers._known] == [third, *others]


def test_no_user_agent_and_no_hint_stays_in_memory() -> None:
    """In a process of its own: what else runs here may remember this test's texts."""
    program = """if True:
        import gc
        from collector.client_hints import pack_hints
        from collector.user_agent import Browsers
        mark = "canary" + str(9) * 10
        browsers = Browsers()
        hints = pack_hints({b"sec-ch-ua": f'"{mark}";v="1"'.encode()})
        browsers.parse(f"Mozilla/5.0 Chrome/141.0 {mark}".encode(), hints)
        gc.collect()
        held = [
            held for held in gc.get_objects() if isinstance(held, dict) and any(mark in str(key) for key in list(held))
        ]
        assert held == [], held
        assert mark not in repr((browsers._known, browsers._distinct))
    """
    subprocess.run([sys.executable, "-c", program], check=True)
