"""Build the wheel, install it with no extras into a fresh environment, and use it from there.

    python tools/check_wheel.py

What an editable install hides shows here: files that the wheel lacks, the hook that makes
`load_dataset("mmdia")` work without `import mmdia`, and imports of packages that belong to extras.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent

LOAD = """
import sys, warnings
warnings.simplefilter("ignore")
from datasets import load_dataset
rows = load_dataset("mmdia", split="test")
assert rows.num_rows == 3, rows
assert "torch" not in sys.modules
print("load_dataset without import mmdia:", rows.num_rows, "rows")
"""

BARE = """
import importlib.util
for name in ("torch", "decord", "pysrt", "yt_dlp"):
    assert importlib.util.find_spec(name) is None, name + " came with the core"
from mmdia.errors import MissingExtra
from mmdia.subtitles.read import read_subtitles
from mmdia.media.index import build_index
from mmdia.media.readers import backends, health
from mmdia.corpus.locate import demo_release
from mmdia.release.card import templates_folder
from mmdia.schema.facts import paper
print(len(list(templates_folder().glob("*.j2"))), "templates,", len(paper().tables), "tables of the paper")
film = next((demo_release().parent / "media").glob("*.mp4"))
print([(row["backend"], row["usable"]) for row in health()])
for act in (
    lambda: backends()["decord"].open_picture(str(film), build_index(film)),
    lambda: read_subtitles(next((demo_release() / "subtitles").glob("*.srt")), backend="pysrt"),
):
    try:
        act()
    except MissingExtra as error:
        print(error)
    else:
        raise AssertionError("an extra was not missed")
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        environment = {
            **os.environ,
            "MMDIA_HOME": str(place / "home"),
            "HF_HOME": str(place / "hf"),
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        environment.pop("PYTHONPATH", None)

        def run(*words: str | Path) -> None:
            print("$", " ".join(map(str, words[:4]))[:100], flush=True)
            subprocess.run([str(w) for w in words], cwd=place, env=environment, check=True)

        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", place / "dist", REPO)
        venv.create(place / "env", with_pip=True)
        binary = place / "env" / ("Scripts" if os.name == "nt" else "bin")
        wheel = next((place / "dist").glob("*.whl"))
        run(binary / "python", "-m", "pip", "install", "-q", "-c", REPO / "constraints.txt", wheel)
        run(binary / "mmdia", "--version")
        run(binary / "mmdia", "doctor")
        run(binary / "python", "-c", LOAD)
        run(binary / "python", "-c", BARE)
        run(binary / "mmdia", "demo", "--profile", "audio", "--out", place / "demo")
        run(binary / "python", "-m", "pip", "uninstall", "-q", "-y", "mmdia")
        run(binary / "python", "-c", "import datasets; print('nothing is left behind')")
    return 0


if __name__ == "__main__":
    sys.exit(main())
