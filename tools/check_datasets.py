"""Run the builder's tests with the oldest version of `datasets` that mmdia allows.

    python tools/check_datasets.py [VERSION]

The builder stands on internals of `datasets` (docs/dataset.md); the other tests run with the newest.
The environment is kept in ``.venv-datasets-VERSION`` and used again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
OLDEST = "4.4.2"
TESTS = ("pytest>=8.0", "pytest-xdist>=3.5", "hypothesis>=6.100", "webdataset>=0.2.100")


def main() -> int:
    version = sys.argv[1] if len(sys.argv) > 1 else OLDEST
    place = REPO / f".venv-datasets-{version}"
    binary = place / ("Scripts" if os.name == "nt" else "bin")
    stamp = place / "stamp"
    if not stamp.is_file():
        venv.create(place, with_pip=True, clear=True)
        pip = [binary / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        wanted = ("-c", REPO / "constraints.txt", "-e", f"{REPO}[train,publish]", f"datasets=={version}")
        subprocess.run([*map(str, (*pip, *wanted, *TESTS))], check=True)
        stamp.touch()
    shown = subprocess.run(
        [binary / "python", "-c", "import datasets; print(datasets.__version__)"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    if shown.stdout.strip() != version:
        raise SystemExit(f"datasets {shown.stdout.strip()} is installed, not {version}")
    command = [binary / "python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "tests/builder"]
    return subprocess.run([*map(str, command), "-p", "no:cacheprovider"], cwd=REPO, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
