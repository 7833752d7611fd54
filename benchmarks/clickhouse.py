"""Debian's clickhouse-server for a benchmark, on ports of 127.0.0.1."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import is_listening, wait_until

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


def start(directory: Path) -> subprocess.Popen[bytes]:
    """Start it, and return when it listens."""
    (directory / "config.xml").write_text(_CONFIG.format(directory=directory, port=PORT))
    (directory / "users.xml").write_text(_USERS)
    command = [PROGRAM, f"--config-file={directory}/config.xml"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: is_listening(f"127.0.0.1:{PORT}"))
    return process


@contextmanager
def clickhouse(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server, killed at the end."""
    process = start(directory)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
