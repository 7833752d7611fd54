"""What deploy/systemd's units allow a process, without systemd: a user of its own, one directory to write to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534
_FORBIDDEN = "/var/tmp/footfall-unit"  # where anyone may write, but for a disk that is read-only
# ProtectSystem=strict, StateDirectory=, ProtectProc=invisible. /tmp is everybody's here, not private: chDB needs one.
_RESTRICT = """
state=$1; shift
mount --bind "$state" "$state"
mount --bind /tmp /tmp
cut -d " " -f 2 /proc/self/mounts | while read -r point; do
    case $point in
    "$state" | /tmp | /tmp/* | /dev | /dev/* | /proc | /proc/* | /sys | /sys/*) ;;
    *) mount -o remount,bind,ro "$point" ;;
    esac
done
mount -t proc -o hidepid=2 proc /proc
cd "$state"
umask 077
"""
_BECOME = [
    *("prlimit", "--core=0"),
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"),
    *("--bounding-set=-all", "--inh-caps=-all", "--"),
]


@contextmanager
def unit_sandbox() -> Iterator[tuple[Path, Sequence[str]]]:
    """A directory that may be written to, and the command of Python there; the test is skipped where nobody may."""
    state = Path(tempfile.mkdtemp(prefix="footfall-unit-", dir="/var/tmp"))  # pytest's are root's
    prefix = ["unshare", "--mount", "sh", "-ec", f'{_RESTRICT}exec {" ".join(_BECOME)} "$@"', "sh", str(state)]
    try:
        if os.getuid():
            pytest.skip("only root may make itself another user, and the disk read-only for it")
        os.chown(state, NOBODY, NOBODY)
        tried = subprocess.run([*prefix, "sh", "-c", f"touch here && ! touch {_FORBIDDEN}"], check=False)
        assert tried.returncode == 0, "a command can be run, and write here but nowhere else"
        yield state, [*prefix, _python_for_anyone()]
    finally:
        shutil.rmtree(state)


def python_path() -> str:
    """What such a Python needs to find Footfall and its dependencies, should it be another than ours."""
    return os.pathsep.join(filter(None, sys.path))


def _python_for_anyone() -> str:
    """A Python that the user may run: ours may be in somebody's home."""
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c", '"$0" -c ""']
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        if not subprocess.run([*become, python], capture_output=True, check=False).returncode:
            return python
    pytest.skip("there is no Python of this version that another user may run")
