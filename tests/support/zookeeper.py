"""Debian's ZooKeeper, one of it, on a free port of 127.0.0.1."""

from __future__ import annotations

import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from support.processes import free_port, wait_until

_CLASSES = ("/etc/zookeeper/conf", "/usr/share/java/zookeeper.jar")
_CONFIG = """tickTime=500
dataDir={directory}/data
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=srvr
maxClientCnxns=0
minSessionTimeout=1000
"""


@dataclass
class ZooKeeper:
    """A server that keeps what it knows in `directory`, over restarts."""

    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "zoo.cfg"
        config.write_text(_CONFIG.format(directory=self.directory, port=self.port))
        options = ["-Xmx128m", "-Dzookeeper.fsync.warningthresholdms=10000", "-cp", ":".join(_CLASSES)]
        main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        with (self.directory / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                ["java", *options, main, str(config)], cwd=self.directory, stdout=output, stderr=subprocess.STDOUT
            )
        wait_until(self._answers, 120, "ZooKeeper answers")

    def stop(self) -> None:
        """kill -9: what it said is on disk is there again after the next start."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "output.log").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                connection.sendall(b"srvr")
                return connection.recv(9) == b"Zookeeper"
        except OSError:
            return False
