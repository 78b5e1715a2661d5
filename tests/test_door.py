"""The door: few names, opened lazily; the hook that makes `load_dataset("mmdia")` work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mmdia

REPO = Path(mmdia.__file__).resolve().parent.parent
PTH = REPO / "tools" / "pth" / "mmdia_datasets_hook.pth"
#: Rooms that are called like the commands of their names (`mmdia._verbs`).
VERBS = {"align", "rebuild"}
ROOMS = [
    "align",
    "builder",
    "cli",
    "corpus",
    "curate",
    "evaluate",
    "generate",
    "jobs",
    "media",
    "metrics",
    "models",
    "pages",
    "rebuild",
    "release",
    "review",
    "schema",
    "store",
    "subtitles",
    "sync",
    "testing",
    "train",
]


def python(code: str, *flags: str, path: Path = REPO, **env: str) -> str:
    """Run `code` in a fresh interpreter that sees the folder `path`; its stdout."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MMDIA_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        cwd=path.parent,
        env={**clean, "PYTHONPATH": str(path), "HF_HUB_OFFLINE": "1", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_names_are_sorted_few_and_rooms_only_where_they_are_called() -> None:
    assert mmdia.__all__ == sorted(mmdia.__all__)
    assert len(mmdia.__all__) <= 15
    assert set(mmdia.__all__) & set(ROOMS) == VERBS
    assert all(callable(getattr(mmdia, name)) for name in VERBS)
    assert set(mmdia._HOMES) == set(mmdia.__all__) - {"__version__"}


def test_every_name_opens() -> None:
    for name in mmdia.__all__:
        assert getattr(mmdia, name) is not None
        assert name in dir(mmdia)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = mmdia.nonsense


def test_version_is_the_projects() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert mmdia.__version__ == project["version"]


def test_no_file_that_datasets_would_take_for_a_script() -> None:
    assert not (REPO / "mmdia" / "mmdia.py").exists()


def test_import_adds_only_itself_and_the_standard_library() -> None:
    code = """
import sys, json
before = set(sys.modules)
import mmdia
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    added = set(json.loads(python(code)))
    own = {name for name in added if name.split(".")[0] == "mmdia"}
    assert own == {"mmdia", "mmdia._datasets_hook"}
    others = {name.split(".")[0] for name in added - own}
    assert others <= sys.stdlib_module_names


# A stand-in for `datasets`: the real one takes seconds to import, and one real run is elsewhere.
FAKE_LOAD = """
class DatasetModule:
    def __init__(self, module_path, hash, builder_kwargs):
        self.said = (module_path, hash, builder_kwargs)

def dataset_module_factory(path, revision=None):
    "doc"
    return "other:" + path
"""
SAY = """
import datasets.load, datasets.inspect, mmdia._datasets_hook as hook
f = datasets.load.dataset_module_factory
said = f("mmdia")
print(said if isinstance(said, str) else said.said, f("imdb"), f.__doc__, hook.status(),
      datasets.inspect.dataset_module_factory is f, type(datasets.load.__loader__).__name__)
"""
REGISTERED = (
    "('mmdia.builder', None, {'dataset_name': 'mmdia'}) other:imdb doc registered True SourceFileLoader"
)


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A folder with a `datasets` of a few lines beside a link to the package."""
    package = tmp_path / "datasets"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "load.py").write_text(FAKE_LOAD, encoding="utf-8")
    (package / "inspect.py").write_text("from .load import dataset_module_factory\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "first",
    [
        "import mmdia",
        "import datasets.inspect\nimport mmdia",
        "import mmdia\nimport mmdia._datasets_hook as h; h.install(); h.install()",
    ],
    ids=["before", "after", "twice"],
)
def test_registers_before_and_after_datasets(fake: Path, first: str) -> None:
    out = python(f"import sys; sys.path.insert(0, {str(fake)!r})\n{first}\n{SAY}")
    assert out.strip() == REGISTERED


def test_the_pth_line_registers_without_importing_mmdia(fake: Path) -> None:
    lines = PTH.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1, "site runs each line by itself"
    assert lines[0].startswith("import "), "other lines are taken for paths"
    code = f"""
import sys; sys.path.insert(0, {str(fake)!r})
import site
before = set(sys.modules)
site.addpackage({str(PTH.parent)!r}, {PTH.name!r}, set())
assert set(sys.modules) == before, set(sys.modules) - before
{SAY}
"""
    assert python(code).strip() == REGISTERED


def test_the_pth_line_is_harmless_without_mmdia(fake: Path) -> None:
    code = f"""
import site
site.addpackage({str(PTH.parent)!r}, {PTH.name!r}, set())
import datasets.load
print(datasets.load.dataset_module_factory("mmdia"))
"""
    # -S: not even an installed mmdia is seen.
    assert python(code, "-S", path=fake).strip() == "other:mmdia"


@pytest.mark.parametrize(
    "way", ["import mmdia", f"import site; site.addpackage({str(PTH.parent)!r}, {PTH.name!r}, set())"]
)
def test_the_switch_turns_it_off(fake: Path, way: str) -> None:
    out = python(f"import sys; sys.path.insert(0, {str(fake)!r})\n{way}\n{SAY}", MMDIA_NO_AUTOREGISTER="1")
    assert out.strip() == "other:mmdia other:imdb doc off True SourceFileLoader"


def test_unregister_puts_everything_back(fake: Path) -> None:
    out = python(
        f"import sys; sys.path.insert(0, {str(fake)!r})\nimport datasets.inspect, mmdia\n"
        f"mmdia._datasets_hook.unregister()\n{SAY}"
    )
    assert out.startswith("other:mmdia other:imdb doc absent True")


def test_a_revision_is_refused_in_words(fake: Path) -> None:
    code = f"""
import sys; sys.path.insert(0, {str(fake)!r})
import mmdia, datasets.load
try:
    datasets.load.dataset_module_factory("mmdia", revision="v2")
except ValueError as error:
    print(error)
"""
    assert "no revisions; got revision='v2'. Name the release folder" in python(code)
