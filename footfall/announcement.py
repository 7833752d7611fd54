"""What `footfall serve` says once everything answers: the script tag, the way in, the example site."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from dataclasses import dataclass

from rich.console import Console

from collector.proxy_diagnosis import start_advice
from dashboard.access import make_token
from footfall.clock import utc_now_ms
from footfall.secret import token_secret
from schema.settings import Settings

LOGIN_DAYS = 30
PATIENCE_MS = 30_000
_PROBE_SECONDS = 0.3

log = logging.getLogger("footfall.supervisor")


def script_tag(settings: Settings, domain: str, *, test: bool = False) -> str:
    """Return the script tag that counts pages of `domain`; `test` counts localhost and automated browsers too."""
    extra = " data-test" if test else ""
    address = f"http://{settings.collector.listen}{settings.collector.script_path}"
    return f'<script defer data-domain="{domain}"{extra} src="{address}"></script>'


def login_link(settings: Settings, site: str, days: int, now_ms: int) -> str:
    """Return the address that signs a browser in to `site` (`*`: every site) for `days` days."""
    return login_address(settings, make_token(token_secret(settings), site, days, now_ms))


def login_address(settings: Settings, token: str) -> str:
    """Return the address that signs a browser in with `token`."""
    return f"{dashboard_address(settings)}/login?token={token}"


def dashboard_address(settings: Settings) -> str:
    """Return where people open the dashboard."""
    return settings.dashboard.url or f"http://{settings.dashboard.listen}"


@dataclass
class Announcement:
    """Printed once: when every address in `addresses` is ready, or answers and took long enough to be."""

    console: Console
    settings: Settings
    addresses: list[str]
    has_example: bool
    now_ms: int
    said: bool = False

    def try_once(self) -> None:
        """Say it if everything answers and it was not said yet."""
        question = "ready" if utc_now_ms() < self.now_ms + PATIENCE_MS else "live"
        if not self.said and all(_says_yes(address, question) for address in self.addresses):
            self.said = True
            if self.console.quiet:
                log.info("Footfall is running")
            else:
                self._say()

    def _say(self) -> None:
        self._print("[bold]Footfall is running.[/bold]")
        for site in self.settings.site if self.settings.collector.listen in self.addresses else ():
            self._print(
                "", f"Paste this into every page of {site.domain}:", f"  {script_tag(self.settings, site.domain)}"
            )
        if self.settings.dashboard.listen in self.addresses:
            link = login_link(self.settings, "*", LOGIN_DAYS, self.now_ms)
            self._print("", f"Your dashboard (the link signs this browser in, for {LOGIN_DAYS} days):", f"  {link}")
        if self.has_example:
            example = f"http://{self.settings.example.listen}/"
            self._print("", "The example site, to click around in and see it count:", f"  {example}")
        advice = start_advice(self.settings.collector)
        if advice and self.settings.collector.listen in self.addresses:
            self._print("", advice)
        self._print(
            "", f"Counts are kept in {self.settings.data_dir}/. Ctrl-C stops; the next start goes on from there."
        )

    def _print(self, *lines: str) -> None:
        self.console.print(*lines, sep="\n", highlight=False, soft_wrap=True)


def _says_yes(address: str, question: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/health/{question}", timeout=_PROBE_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
