"""Build the wheel once, and use it in fresh environments of every Python here that is claimed.

    python tools/check_wheel.py              # all of them, and the lowest bounds on the oldest
    python tools/check_wheel.py 3.13         # one, with a table of what the core brings
    python tools/check_wheel.py lowest

With the newest of everything: what an editable install hides shows here (files that the wheel lacks, the
hook that makes `load_dataset("mmdia")` work without `import mmdia`, imports of packages that belong to
extras), the demo is run, and every room once (`smoke_rooms.py`). With all lower bounds of pyproject.toml:
the same, and the builder's tests, since it stands on internals of `datasets` (docs/dataset.md). torch comes
with those alone, and at the version of constraints.txt: no other has a CPU wheel.

Interpreters are those on PATH and of pyenv that run when they are called; a claimed one that is not here
is named at the end. Any failure makes the exit status 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

REPO = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
#: Versions of Python that pyproject.toml claims, oldest first.
CLAIMED = re.findall(r"Programming Language :: Python :: (3\.\d+)\b", " ".join(PROJECT["classifiers"]))
LOWEST = "lowest"
#: Extras whose lower bounds are tried, too.
EXTRAS = ("ffmpeg", "publish")
TESTS = ("pytest>=8.0", "pytest-xdist>=3.5", "hypothesis>=6.100", "webdataset>=0.2.100")
#: The core must not grow beyond this.
CORE_MB = 600

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
for name in ("torch", "decord", "pysrt", "yt_dlp", "ffmpeg", "imageio_ffmpeg", "future", "jinja2"):
    assert importlib.util.find_spec(name) is None, name + " came with the core"
from mmdia.errors import MissingExtra
from mmdia.subtitles.read import read_subtitles
from mmdia.media.graph import other_film
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
    lambda: other_film("x.mp4", 1.0),
):
    try:
        act()
    except MissingExtra as error:
        print(error)
    else:
        raise AssertionError("an extra was not missed")
"""

SIZES = """
import sys
from importlib.metadata import distributions
def size(d):
    return sum(p.stat().st_size for p in map(d.locate_file, d.files or ()) if p.is_file()) / 1e6
rows = sorted(((size(d), d.name, d.version) for d in distributions() if d.name != "pip"), reverse=True)
total, limit = sum(r[0] for r in rows), float(sys.argv[1])
if sys.argv[2:]:
    for mb, name, version in rows:
        print(f"{mb:8.1f} MB  {name} {version}")
print(f"{total:8.1f} MB  core: {len(rows)} packages")
assert total <= limit, f"the core is larger than {limit:.0f} MB"
"""


class Place:
    """A folder with an environment of one interpreter, and nothing of the repository on its path."""

    def __init__(self, folder: Path, interpreter: Path, wheel: Path) -> None:
        self.folder, self.wheel = folder, wheel
        folder.mkdir()
        self.environment = {
            **os.environ,
            "MMDIA_HOME": str(folder / "home"),
            "HF_HOME": str(folder / "hf"),
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        for name in ("PYTHONPATH", "PYTHONHOME", "MMDIA_ANNOTATIONS", "VIRTUAL_ENV"):
            self.environment.pop(name, None)
        self.run(interpreter, "-m", "venv", folder / "env")
        self.binary = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        self.environment["PATH"] = str(self.binary)  # no ffmpeg and no compiler of this machine

    def run(self, *words: str | Path) -> None:
        """Run a program; a failure raises."""
        shown = " ".join(str(w) for w in words[:7] if "\n" not in str(w))
        print("$", shown.replace(str(self.folder), "~")[:110], flush=True)
        subprocess.run([str(w) for w in words], cwd=self.folder, env=self.environment, check=True)

    def python(self, *words: str | Path) -> None:
        """Run the environment's Python."""
        self.run(self.binary / "python", *words)

    def mmdia(self, *words: str | Path) -> None:
        """Run the installed command."""
        self.run(self.binary / "mmdia", *words)

    def install(self, *wanted: str | Path) -> None:
        """Install packages."""
        self.python("-m", "pip", "install", "-q", "--prefer-binary", *wanted)

    def smoke(self) -> None:
        """Run every room once."""
        shutil.copy(REPO / "tools" / "smoke_rooms.py", self.folder)
        self.python("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "smoke_rooms.py")


def newest(place: Place, *, table: bool) -> None:
    """The wheel with the newest of everything."""
    place.install(place.wheel)
    place.python("-c", SIZES, str(CORE_MB), *(["table"] if table else []))
    place.python("-m", "pip", "check")
    place.mmdia("doctor")
    place.python("-c", LOAD)
    place.python("-c", BARE)
    place.mmdia("demo", "--profile", "audio", "--out", "core-demo")
    place.install(TESTS[0])
    place.smoke()
    place.install(f"{place.wheel}[ffmpeg]")
    place.mmdia("demo", "--out", "demo")
    place.python("-m", "pip", "uninstall", "-q", "-y", "mmdia")
    place.python("-c", "import datasets; print('nothing is left behind')")


def lowest(place: Place) -> None:
    """The wheel with the lower bound of everything that it asks for."""
    place.install(*_bounds(place), f"{place.wheel}[{','.join(EXTRAS)}]", *TESTS)
    place.python("-m", "pip", "check")
    place.mmdia("doctor")
    place.python("-c", LOAD)
    place.mmdia("demo", "--out", "demo")
    place.smoke()
    place.install("-c", REPO / "constraints.txt", f"{place.wheel}[torch]")
    builders = ("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider")
    place.environment["PYTHONPATH"] = str(REPO)  # where the tests are; the package is the same
    place.python(*builders, "-c", REPO / "pyproject.toml", "--rootdir", REPO, REPO / "tests" / "builder")


def _bounds(place: Place) -> list[str]:
    """``name==bound`` of the core and of `EXTRAS`, where the environment's Python and platform want it."""
    lines = [*PROJECT["dependencies"]]
    for extra in EXTRAS:
        lines += PROJECT["optional-dependencies"][extra]
    found = []
    for requirement in map(Requirement, lines):
        bound = [s.version for s in requirement.specifier if s.operator == ">="]
        if len(bound) != 1:
            raise SystemExit(f"pyproject.toml: no lower bound: {requirement}")
        if requirement.marker is None or requirement.marker.evaluate():
            found.append(f"{requirement.name}=={bound[0]}")
    print(" ".join(found), flush=True)
    return found


def interpreters() -> dict[str, Path]:
    """One interpreter of each claimed version that runs here, of several one that can make environments."""
    able: dict[str, Path] = {}
    unable: dict[str, Path] = {}
    question = (
        "import importlib.util as u, sys\n"
        "print('%d.%d' % sys.version_info[:2], u.find_spec('ensurepip') is not None, sys.executable)"
    )
    for path in _candidates():
        try:
            told = subprocess.run(
                [path, "-c", question], capture_output=True, text=True, timeout=60, check=True
            )
        except (OSError, subprocess.SubprocessError):
            continue  # a shim of pyenv whose version is not chosen
        version, has_pip, real = told.stdout.strip().split(" ", 2)
        if version in CLAIMED:
            (able if has_pip == "True" else unable).setdefault(version, Path(real))
    return unable | able  # what cannot make one fails later, and is told


def _candidates() -> Iterator[Path]:
    """Places where an interpreter may be; many are links to one."""
    for folder in os.get_exec_path():
        for name in [f"python{version}" for version in CLAIMED]:
            if (path := Path(folder) / name).is_file():
                yield path
    root = os.environ.get("PYENV_ROOT")
    if root is None and (pyenv := shutil.which("pyenv")):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
    yield from sorted(Path(root or Path.home() / ".pyenv").glob("versions/*/bin/python"))
    yield Path(sys.executable)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("only", nargs="*", metavar="VERSION", help=f"of: {', '.join([*CLAIMED, LOWEST])}")
    parser.add_argument("--list", type=Path, metavar="FILE", help="write there what ran")
    args = parser.parse_args()
    here = interpreters()
    wanted = args.only or [*CLAIMED, LOWEST]
    lines, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        dist = Path(folder) / "dist"
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(dist), str(REPO)]
        subprocess.run(command, check=True)
        wheel = next(dist.glob("*.whl"))
        for name in wanted:
            version = CLAIMED[0] if name == LOWEST else name
            what = "lowest bounds" if name == LOWEST else "newest of everything"
            if version not in here:
                lines.append(f"Python {version}, {what}: not run, it is not on this machine")
                continue
            print(f"-- Python {version}, {what} ({here[version]})", flush=True)
            try:
                place = Place(Path(folder) / f"{version}-{name}", here[version], wheel)
                if name == LOWEST:
                    lowest(place)
                else:
                    newest(place, table=bool(args.only))
                lines.append(f"Python {version}, {what}: passed")
            except subprocess.CalledProcessError as error:
                print(error, file=sys.stderr)
                lines.append(f"Python {version}, {what}: FAILED")
                failed = True
            shutil.rmtree(Path(folder) / f"{version}-{name}", ignore_errors=True)
    text = "\n".join(lines)
    print(text)
    if args.list:
        args.list.write_text(f"{text}\n", "utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
