"""Running both sides of a job as processes."""

import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


class Run(NamedTuple):
    """What a process printed, how long it took and how much it needed."""

    output: str
    wall: float  # seconds
    processor: float  # seconds of all its threads
    peak: int  # bytes resident at most


def run(command, environment=None):
    """Runs a command to its end. Standard error passes through only when the command fails."""
    with tempfile.TemporaryFile() as complaints:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=complaints, env={**os.environ, **(environment or {})})
        output = process.stdout.read().decode().strip()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace")
            sys.exit(f"scripts/bench: {' '.join(command)} ended with status {process.returncode}\n{said}")
    return Run(output, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def program():
    """The tvs of this clone, built if it has to be; TVS_PROGRAM names another."""
    if "TVS_PROGRAM" in os.environ:
        return os.environ["TVS_PROGRAM"]
    run([os.path.join(ROOT, "scripts", "tvs"), "-e", "1"])
    return os.path.join(ROOT, ".build", "release", "tvs")
