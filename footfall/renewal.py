"""A process that starts anew in its own place (exec): the same number, sockets and settings, nothing of its memory."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from schema.format_settings import format_toml
from schema.settings import Settings

_STANDARD_INPUT = 0


def start_anew(settings: Settings) -> NoReturn:
    """Run this process's command line again, with `settings` (TOML) on its standard input, as it was started.

    Whatever of its descriptors may be inherited stays open.
    """
    with os.fdopen(os.memfd_create("settings"), "w", encoding="utf-8") as file:
        file.write(format_toml(settings))
        file.flush()
        os.dup2(file.fileno(), _STANDARD_INPUT)
        os.execv(sys.executable, sys.orig_argv)
