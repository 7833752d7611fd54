"""The systemd units: systemd understands them, and they start what there is with what it needs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from footfall.supervisor import EXIT_STOPPED, STOP_SECONDS

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))
PROGRAM = "/opt/footfall/.venv/bin/footfall"


def settings_of(unit: Path) -> dict[str, str]:
    lines = [line for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)  # type: ignore[misc]


def test_there_is_one_for_each_way_to_run() -> None:
    commands = {settings_of(unit)["ExecStart"] for unit in UNITS}
    parts = ("serve", "collect", "aggregate", "dashboard")
    assert commands == {f"{PROGRAM} {part} --config /etc/footfall/footfall.toml" for part in parts}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_nothing_wrong(unit: Path, tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    assert verify, "systemd-analyze is part of systemd, which `make test` installs"
    for other in UNITS:
        text = other.read_text().replace(PROGRAM, shutil.which("true") or "/bin/true")
        (tmp_path / other.name).write_text(text.replace("User=footfall", "User=root").replace("Group=footfall", ""))
    run = subprocess.run(
        [verify, "verify", "--man=no", tmp_path / unit.name], capture_output=True, text=True, check=False
    )
    ours = [line for line in run.stderr.splitlines() if "footfall" in line]
    assert run.returncode == 0, run.stderr
    assert ours == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_stops_as_the_supervisor_does_and_writes_no_memory_to_disk(unit: Path) -> None:
    settings = settings_of(unit)
    assert settings["RestartPreventExitStatus"] == str(EXIT_STOPPED)
    assert float(settings["TimeoutStopSec"]) > STOP_SECONDS
    assert settings["KillMode"] == "mixed"
    assert (settings["LimitCORE"], settings["MemorySwapMax"]) == ("0", "0")
    assert "PrivateIPC" not in settings
