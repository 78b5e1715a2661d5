"""Run the benchmarks that need nothing but mmdia, one after the other.

python benchmarks/run_all.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = ("import_time.py", "validate_release.py", "demo_stages.py")


def main() -> int:
    worst = 0
    for name in SCRIPTS:
        print(f"== {name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, str(HERE / name)], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
