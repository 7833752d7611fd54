"""What each process of the tree does at its start: claim an address, own a directory, die with its parent."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
from pathlib import Path

from schema.directory_lock import lock_directory
from schema.durable_files import make_directory
from schema.errors import AddressInUseError, SettingError, StopError
from schema.settings import Settings

_PR_SET_PDEATHSIG = 1
_BACKLOG = 2048


def bind_listener(setting: str, address: str) -> socket.socket:
    """Return a listening socket on `address` (host:port), which children may inherit.

    Raises:
        AddressInUseError: another program listens there.
        SettingError: this machine has no such address, or may not listen on that port.
    """
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), int(port)))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise explain_bind_error(setting, address, error) from None
    listener.set_inheritable(True)
    return listener


def explain_bind_error(setting: str, address: str, error: OSError) -> StopError:
    """Return what it means for whoever set `address` that it cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return AddressInUseError(setting, address)
    return SettingError(setting, address, f"an address to listen on ({error.strerror})")


def refuse_absent(settings: Settings) -> None:
    """Let no command find an empty place in good order where something was expected.

    Raises:
        SettingError: there is no data_dir.
    """
    if not settings.data_dir.is_dir():
        raise SettingError(
            "data_dir",
            str(settings.data_dir),
            f"a directory that Footfall has filled (a path without / in front is looked up from {Path.cwd()})",
        )


def own_directory(directory: Path, name: str) -> int:
    """Create `directory` and take the lock `name` in it; return the descriptor that holds the lock.

    Raises:
        DataDirInUseError: another process has it.
        SettingError: the directory cannot be made or written.
    """
    try:
        make_directory(directory)
        return lock_directory(directory, name)
    except OSError as error:
        raise SettingError("data_dir", str(directory), f"a writable directory ({error.strerror})") from None


def die_with_parent(parent: int) -> None:
    """End (SIGTERM) when `parent` ends, however it ends; at once if it already has."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit(1)
