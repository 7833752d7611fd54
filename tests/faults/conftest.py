"""What more than one of these tests needs."""

from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def strace() -> str:
    found = shutil.which("strace")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("strace is not installed: apt-get install strace")
    if found is None:
        pytest.skip("strace is not installed")
    return found
