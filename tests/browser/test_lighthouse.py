"""Lighthouse looks at the signed-in page, as on a phone and as on a desk, and finds nothing that could be better.

What it says of speed is left out, since that is the machine's. So is its category `seo`: the page is private, and asks
search engines to stay away (`is-crawlable`). So is `bf-cache`: nothing may keep the page, and that is meant.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from support.browser import ARGUMENTS, CHROMIUM
from support.dashboard_server import signed_in

LIGHTHOUSE = Path(__file__).parents[2] / "frontend" / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("accessibility", "best-practices")
AUDITS = ("cumulative-layout-shift", "total-byte-weight", "uses-text-compression", "no-document-write")
MOST_BYTES = 90_000
TRIES, NO_TRACE = 3, "NO_NAVSTART"  # what Lighthouse says on a busy machine, with “please run Lighthouse again”
FORMS: dict[str, tuple[str, ...]] = {"phone": (), "desk": ("--preset=desktop",)}


def report(address: str, cookie: str, *more: str) -> dict[str, Any]:
    """What Lighthouse says of the page at `address`, asked again if the trace of its browser has no beginning."""
    for _ in range(TRIES - 1):
        found = _ask(address, cookie, *more)
        if not any(NO_TRACE in audit.get("errorMessage", "") for audit in found["audits"].values()):
            return found
    return _ask(address, cookie, *more)


def _ask(address: str, cookie: str, *more: str) -> dict[str, Any]:
    """Run it once; it tells nobody else, not even of errors of its own."""
    command = (
        "node", str(LIGHTHOUSE), address, "--quiet", "--output=json", "--no-enable-error-reporting",
        f"--chrome-flags={' '.join(flag for flag in ARGUMENTS if ' ' not in flag)} --headless=new",
        f"--extra-headers={json.dumps({'Cookie': cookie})}",
        f"--only-categories={','.join(CATEGORIES)}", f"--only-audits={','.join(AUDITS)}", *more,
    )  # fmt: skip
    environment = {**os.environ, "CHROME_PATH": CHROMIUM}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert "runtimeError" not in found, found["runtimeError"]
    return found


def faults(found: dict[str, Any]) -> list[str]:
    """The audits that are not passed in full; those that Lighthouse could not make count as well."""
    return [
        f"{name}: {audit['title']} ({audit.get('errorMessage') or audit.get('displayValue') or audit['score']})"
        for name, audit in found["audits"].items()
        if audit["scoreDisplayMode"] == "error" or (audit["score"] is not None and audit["score"] < 1)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_lighthouse_finds_nothing_to_better(browser: Browser, dashboard: Any, form: str) -> None:
    with signed_in(browser, dashboard.address) as page:
        cookie = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies())
    found = report(f"{dashboard.address}/example.com", cookie, *FORMS[form])
    assert found["finalDisplayedUrl"].endswith("/example.com")
    assert faults(found) == []
    assert {name: found["categories"][name]["score"] for name in CATEGORIES} == dict.fromkeys(CATEGORIES, 1)
    assert found["audits"]["cumulative-layout-shift"]["numericValue"] == 0
    assert found["audits"]["total-byte-weight"]["numericValue"] <= MOST_BYTES
