"""The newest engine with a user who may do only what is granted: `python -m support.modern_users DIRECTORY`.

Reads statements from its input as JSON, runs them, and writes for each the code of its error, or 0. The engine takes
its users from the working directory's users.xml.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import chdb

TESTS = Path(__file__).parents[1]
_CONFIG = (
    "<clickhouse><users_config>users.xml</users_config><remote_servers><counts><shard><replica>"
    "<host>127.0.0.1</host><port>9</port></replica></shard></counts></remote_servers></clickhouse>"
)
_CODE = re.compile(r"Code: (\d+)")


def run_as(
    directory: Path,
    grants: Sequence[str],
    settings: Mapping[str, int],
    statements: Sequence[str],
    others: Sequence[str] = (),
) -> dict[str, int]:
    """Return statement → error code (0: it ran), for a user with these grants and settings. No grants: all of them.

    `others` are users that there are besides.
    """
    rights = "<access_management>1</access_management>"
    if grants:
        rights = f"<grants>{''.join(f'<query>GRANT {grant}</query>' for grant in grants)}</grants>"
    profile = "".join(f"<{name}>{value}</{name}>" for name, value in settings.items())
    beside = "".join(f"<{name}><password></password></{name}>" for name in others)
    (directory / "config.xml").write_text(_CONFIG)
    (directory / "users.xml").write_text(
        f"<clickhouse><profiles><default>{profile}</default></profiles><quotas><default/></quotas><users><default>"
        f"<password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>"
        f"{rights}</default>{beside}</users></clickhouse>"
    )
    run = subprocess.run(
        [sys.executable, "-m", "support.modern_users", str(directory / "store")],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        input=json.dumps(list(statements)),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return dict(zip(statements, json.loads(run.stdout), strict=True))


def main(directory: str) -> None:
    """Run the statements of the input."""
    connection = chdb.connect(directory)
    codes = []
    for statement in json.load(sys.stdin):
        try:
            connection.query(statement, "CSV")
            codes.append(0)
        except Exception as error:
            print(statement, error, file=sys.stderr)
            found = _CODE.search(str(error))
            codes.append(int(found[1]) if found else -1)
    connection.close()
    print(json.dumps(codes))


if __name__ == "__main__":
    main(sys.argv[1])
