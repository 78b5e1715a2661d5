"""Stage times of `mmdia demo`, beside a floor: decoding the bundled film once, in the same run.

python benchmarks/demo_stages.py [--profile all]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time


def decode_once() -> float:
    """Wall seconds to decode all pictures and sound of the bundled film once."""
    code = (
        "import av\nfrom mmdia.cli.demo_copies import film_path\n"
        "for kind in ('video', 'audio'):\n"
        "    with av.open(str(film_path())) as film:\n"
        "        for frame in film.decode(**{kind: 0}): pass\n"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="all")
    profile = parser.parse_args().profile
    floor = decode_once()
    with tempfile.TemporaryDirectory() as folder:
        before = os.times()
        done = subprocess.run(
            [sys.executable, "-m", "mmdia", "demo", "--out", folder, "--profile", profile, "--json"],
            check=True,
            capture_output=True,
            text=True,
        )
        after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    stages = json.loads(done.stdout)["seconds"]
    print(f"{'stage':24s} {'wall s':>8s} {'x one decode':>13s}")
    print(f"{'one decode of the film':24s} {floor:8.2f} {1:13.1f}")
    for stage, seconds in stages.items():
        print(f"{stage:24s} {seconds:8.2f} {seconds / floor:13.1f}")
    print(f"{'sum':24s} {sum(stages.values()):8.2f}   ({cpu:.1f} CPU s)")


if __name__ == "__main__":
    main()
