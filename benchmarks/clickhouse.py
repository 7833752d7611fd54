"""Debian's clickhouse-server for a benchmark, on a port of 127.0.0.1."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Self

from benchmarks.measure import is_listening, pinned, wait_until

PROGRAM = "/usr/sbin/clickhouse-server"
PORT = 18010
URL = f"clickhouse://127.0.0.1:{PORT}/footfall"
_CONFIG = """<yandex>
  <logger><level>warning</level><log>{directory}/server.log</log><errorlog>{directory}/error.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host><tcp_port>{port}</tcp_port>
  <path>{directory}/data/</path><tmp_path>{directory}/tmp/</tmp_path>
  <mark_cache_size>500000000</mark_cache_size><users_config>{directory}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
</yandex>"""
_USERS = """<yandex><profiles><default/></profiles><quotas><default/></quotas>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota></default></users></yandex>"""


class Server:
    """A server in `directory`, on one core if asked. It runs from entering to leaving, unless it is killed between."""

    def __init__(self, directory: Path, core: int | None = None) -> None:
        directory.mkdir()
        (directory / "config.xml").write_text(_CONFIG.format(directory=directory, port=PORT))
        (directory / "users.xml").write_text(_USERS)
        self._command = [*pinned(core), PROGRAM, f"--config-file={directory}/config.xml"]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and return when it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: is_listening(f"127.0.0.1:{PORT}"))

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Stop it where it is."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._process.pid, signal.SIGCONT)
