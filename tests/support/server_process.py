"""A ClickHouse server that a test may kill, freeze and start again, with users, TLS and configuration of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from schema.errors import StoreUnavailableError
from schema.store_server import ServerStore
from support.processes import free_port, wait_until

PROGRAM = Path("/usr/sbin/clickhouse-server")
START_SECONDS = 120

_CONFIG = """<yandex>
  <logger><level>warning</level><log>{directory}/server.log</log><errorlog>{directory}/error.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{inter}</interserver_http_port>
  <path>{directory}/data/</path><tmp_path>{directory}/tmp/</tmp_path>
  <user_files_path>{directory}/files/</user_files_path><format_schema_path>{directory}/schemas/</format_schema_path>
  <mark_cache_size>100000000</mark_cache_size>
  <users_config>{directory}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  {more}
</yandex>"""
USERS = """<yandex>
  <profiles><default><log_queries>0</log_queries></default></profiles>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota></default></users>
  <quotas><default/></quotas>
</yandex>"""


@dataclass
class ServerProcess:
    """Debian's clickhouse-server in `directory`, on ports that it keeps."""

    directory: Path
    users: str = USERS
    more: str = ""  # of config.xml
    port: int = field(default_factory=free_port)
    others: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        ports = {"tcp": self.port, "http": self.others[0], "inter": self.others[1]}
        config = _CONFIG.format(directory=self.directory, more=self.more, **ports)
        (self.directory / "config.xml").write_text(config)
        (self.directory / "users.xml").write_text(self.users)

    @property
    def url(self) -> str:
        """Its `store.url`."""
        return f"clickhouse://127.0.0.1:{self.port}/footfall"

    def launch(self) -> None:
        """Start it."""
        with (self.directory / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [PROGRAM, f"--config-file={self.directory}/config.xml"], stdout=output, stderr=subprocess.STDOUT
            )

    def start(self, url: str = "") -> None:
        """Start it, and wait until it answers at `url`."""
        self.launch()
        try:
            wait_until(lambda: answers(url or self.url), START_SECONDS, "clickhouse-server answers")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(self.directory / 'output.log').read_text()[-2000:]}") from None

    def start_again(self) -> None:
        """Start it if it has ended."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """kill -9, also if it is frozen."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: connections stay, nothing is answered."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)


def answers(url: str) -> bool:
    """Whether a server answers there."""
    try:
        ServerStore(url).close()
    except StoreUnavailableError:
        return False
    return True


@contextmanager
def server_process(directory: Path, users: str = USERS, more: str = "", url: str = "") -> Iterator[ServerProcess]:
    """A server that answers; killed at the end."""
    directory.mkdir(exist_ok=True)
    server = ServerProcess(directory, users, more)
    try:
        server.start(url.format(port=server.port))
        yield server
    finally:
        server.kill()
