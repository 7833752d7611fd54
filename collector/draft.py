"""A hit in the making: the beacon, and what the steps of the pipeline have found out about it so far."""

from __future__ import annotations

import msgspec

from collector.beacon import Beacon
from collector.referrer import DIRECT, Acquisition
from collector.user_agent import Browser
from schema.settings import SiteSettings

_NO_SITE = SiteSettings()
_NO_BROWSER = Browser()


class Draft(msgspec.Struct):
    """Each step fills in one more part. Holds a Beacon, so it never leaves `collector/` either."""

    beacon: Beacon
    site: SiteSettings = _NO_SITE  # the one it is looked at for
    hostname: str = ""
    path: str = ""
    name: str = ""
    props: tuple[tuple[str, str], ...] = ()
    acquisition: Acquisition = DIRECT
    browser: Browser = _NO_BROWSER
    country: str = ""
    region: str = ""
    city: str = ""
    screen: str = ""

    def __repr__(self) -> str:
        return "Draft(…)"
