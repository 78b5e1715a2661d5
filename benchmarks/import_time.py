"""What `import mmdia` and `mmdia --help` cost, as ratios to a bare interpreter, in one run.

    python benchmarks/import_time.py [--repeats 15]

CPU seconds (user + system) of whole processes, minimum over the repeats; the order of the
commands is interleaved, so that a busy machine weighs on all of them alike.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

COMMANDS = {
    "bare interpreter": [sys.executable, "-c", ""],
    "import argparse": [sys.executable, "-c", "import argparse"],
    "import mmdia": [sys.executable, "-c", "import mmdia"],
    "mmdia --help": [sys.executable, "-m", "mmdia", "--help"],
    "import mmdia.schema.dialogue": [sys.executable, "-c", "import mmdia.schema.dialogue"],
    "import datasets": [sys.executable, "-c", "import datasets"],
}


def cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, command in COMMANDS.items():
            times[name].append(cpu_seconds(command))
    bare = min(times["bare interpreter"])
    print(f"{'command':32s} {'CPU s':>8s} {'ratio':>7s}")
    for name, found in times.items():
        print(f"{name:32s} {min(found):8.3f} {min(found) / bare:7.2f}")


if __name__ == "__main__":
    main()
