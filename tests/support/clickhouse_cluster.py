"""Two shards of two replicas: four of Debian's clickhouse-server beside one ZooKeeper, all of 127.0.0.1."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from support.clickhouse_server import PROGRAM
from support.processes import free_port, wait_until
from support.zookeeper import ZooKeeper

NAME, SHARDS, REPLICAS = "counts", 2, 2
START_SECONDS = 120

_CONFIG = """<yandex>
  <logger><level>warning</level><log>{directory}/server.log</log><errorlog>{directory}/error.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{inter}</interserver_http_port>
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <path>{directory}/data/</path><tmp_path>{directory}/tmp/</tmp_path>
  <user_files_path>{directory}/files/</user_files_path><format_schema_path>{directory}/schemas/</format_schema_path>
  <mark_cache_size>50000000</mark_cache_size>
  <background_pool_size>4</background_pool_size>
  <users_config>{directory}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <zookeeper><node><host>127.0.0.1</host><port>{zookeeper}</port></node>
    <session_timeout_ms>4000</session_timeout_ms></zookeeper>
  <remote_servers><{name}>{shards}</{name}></remote_servers>
</yandex>"""
_USERS = """<yandex>
  <profiles><default><log_queries>0</log_queries><background_pool_size>4</background_pool_size>
    <background_schedule_pool_size>4</background_schedule_pool_size><max_memory_usage>1000000000</max_memory_usage>
  </default></profiles>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota></default></users>
  <quotas><default/></quotas>
</yandex>"""


@dataclass
class Member:
    """One server; it keeps its directory and its ports over restarts."""

    directory: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ("http", "tcp", "inter")})
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `wait` waits until it answers."""
        with (self.directory / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [PROGRAM, f"--config-file={self.directory}/config.xml"], stdout=output, stderr=subprocess.STDOUT
            )

    def wait(self) -> None:
        """Return once it answers."""
        wait_until(self._answers, START_SECONDS, f"clickhouse-server on port {self.ports['tcp']} answers")

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Stop it where it is."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """What this server alone says."""
        client = Client("127.0.0.1", self.ports["tcp"])
        try:
            return [tuple(row) for row in client.execute(sql)]
        finally:
            client.disconnect()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "output.log").read_text()[-2000:]
        try:
            return self.ask("SELECT 1") == [(1,)]
        except (Error, OSError, EOFError):
            return False


@dataclass
class Cluster:
    """`members[shard][replica]`, and their ZooKeeper."""

    zookeeper: ZooKeeper
    members: list[list[Member]]

    def url(self, database: str = "footfall", hosts: int = SHARDS * REPLICAS) -> str:
        """The `store.url` that names the first `hosts` of them."""
        named = ",".join(f"127.0.0.1:{member.ports['tcp']}" for member in self.all[:hosts])
        return f"clickhouse://{named}/{database}?cluster={NAME}"

    @property
    def all(self) -> list[Member]:
        """Every server."""
        return [member for shard in self.members for member in shard]

    def heal(self) -> None:
        """Start what was killed, and wait until everything answers."""
        if self.zookeeper.process is None:
            self.zookeeper.start()
        for member in self.all:
            if member.process is None:
                member.start()
        for member in self.all:
            member.wait()


@contextmanager
def running_cluster(directory: Path) -> Iterator[Cluster]:
    """Start all of it; everything is killed at the end."""
    cluster = Cluster(ZooKeeper(directory / "zookeeper"), _make_members(directory))
    _configure(cluster)
    try:
        cluster.heal()
        yield cluster
    finally:
        for member in cluster.all:
            member.kill()
        cluster.zookeeper.stop()


def _make_members(directory: Path) -> list[list[Member]]:
    return [[Member(directory / f"{shard}-{replica}") for replica in range(REPLICAS)] for shard in range(SHARDS)]


def _configure(cluster: Cluster) -> None:
    shards = "".join(
        "<shard><internal_replication>true</internal_replication>"
        + "".join(f"<replica><host>127.0.0.1</host><port>{member.ports['tcp']}</port></replica>" for member in replicas)
        + "</shard>"
        for replicas in cluster.members
    )
    for member in cluster.all:
        member.directory.mkdir(parents=True)
        values = {"directory": member.directory, "zookeeper": cluster.zookeeper.port, "name": NAME, "shards": shards}
        (member.directory / "config.xml").write_text(_CONFIG.format(**values, **member.ports))
        (member.directory / "users.xml").write_text(_USERS)
