"""Debian's clickhouse-server, the oldest that we run against, on free ports of 127.0.0.1."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schema.errors import StoreUnavailableError
from schema.store_server import ServerStore
from support.processes import free_port, wait_until

PROGRAM = Path("/usr/sbin/clickhouse-server")

_CONFIG = """<yandex>
  <logger><level>warning</level><log>{directory}/server.log</log><errorlog>{directory}/error.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{inter}</interserver_http_port>
  <path>{directory}/data/</path><tmp_path>{directory}/tmp/</tmp_path>
  <user_files_path>{directory}/files/</user_files_path><format_schema_path>{directory}/schemas/</format_schema_path>
  <mark_cache_size>100000000</mark_cache_size>
  <users_config>{directory}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
</yandex>"""
_USERS = """<yandex>
  <profiles><default><log_queries>0</log_queries></default></profiles>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota></default></users>
  <quotas><default/></quotas>
</yandex>"""


@contextmanager
def running_server(directory: Path) -> Iterator[str]:
    """Start a server and give its `store.url`; it is killed at the end."""
    ports = {"http": free_port(), "tcp": free_port(), "inter": free_port()}
    (directory / "config.xml").write_text(_CONFIG.format(directory=directory, **ports))
    (directory / "users.xml").write_text(_USERS)
    with (directory / "output.log").open("wb") as output:
        process = subprocess.Popen(
            [PROGRAM, f"--config-file={directory}/config.xml"], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        url = f"clickhouse://127.0.0.1:{ports['tcp']}/footfall"
        wait_until(lambda: _answers(url), 60, "clickhouse-server answers")
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        ServerStore(url).close()
    except StoreUnavailableError:
        return False
    return True
