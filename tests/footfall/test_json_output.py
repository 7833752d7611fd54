"""With `log_format = "json"` everything that any process of the tree says is one JSON object a line."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from support.processes import Footfall, running_footfall, wait_until


def entries(footfall: Footfall) -> list[dict[str, Any]]:
    return [json.loads(line) for line in footfall.log_file.read_text().splitlines()]


def test_all_of_the_tree_logs_in_json_and_no_login_link_gets_into_a_log(tmp_path: Path) -> None:
    with running_footfall(tmp_path, LOG_FORMAT="json") as footfall:
        worker = next(process for process, command in footfall.children().items() if " worker " in command)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: "starting it again" in footfall.log_file.read_text(), what="it is started again")
        wait_until(lambda: "Footfall is running" in footfall.log_file.read_text(), what="it says so")
        assert footfall.stop() == 0
    found = entries(footfall)
    assert {"supervisor", "store"} <= {entry["part"] for entry in found}
    assert all(set(entry) == {"time", "level", "logger", "message", "process", "part"} for entry in found)
    assert "token=" not in footfall.log_file.read_text()


@pytest.mark.parametrize("arguments", [("serve",), ("aggregate",)])
def test_what_keeps_it_from_starting_is_json_too(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with running_footfall(tmp_path, LOG_FORMAT="json") as footfall:
        second = Footfall(tmp_path, {"LOG_FORMAT": "json"})
        done = second.run(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        said = [json.loads(line) for line in done.stderr.splitlines()]
        assert any("in use" in entry["message"] for entry in said)
        assert footfall.stop() == 0
