"""A release is installed from a Hub by the real client, and every refusal names its cure."""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from mmdia.corpus.locate import demo_release
from mmdia.errors import ReleaseNotFound
from mmdia.release import install as room
from mmdia.release.hub import RELEASE_PATTERNS, parse_hub_id
from mmdia.release.install import belongs, install

from .loopback_hub import TOKEN, Hub, Repo, serve_hub

#: The client reads its settings when it is imported, so it runs in a process of its own.
DRIVER = """
import contextlib, io, json, sys
from mmdia.cli.main import main
told = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["release", "install", *words])
    told.append([status, out.getvalue(), err.getvalue()])
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Told:
    status: int
    out: str
    err: str


def demo_files() -> dict[str, bytes]:
    folder = demo_release()
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    extras = ("film.mkv", "media/film.mp4", ".gitattributes", "titles.csv", "README_files/plot.png")
    return files | dict.fromkeys(extras, b"not of the release") | {"README.md": b"# A card"}


def newer(files: dict[str, bytes]) -> dict[str, bytes]:
    head = json.loads(files["release.json"])
    return files | {"release.json": json.dumps({**head, "version": "2.0.0"}).encode()}


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    files = demo_files()
    repos = {
        "mmdia/demo": Repo({"main": files, "v2": newer(files)}),
        "mmdia/gated": Repo({"main": files}, gated=True),
        "mmdia/other": Repo({"main": {"README.md": b"# Something else", "data/a.parquet": b"x"}}),
        "mmdia/nothing": Repo({"main": {"data/a.parquet": b"x"}}),
        "mmdia/broken": Repo({"main": files}, broken=True),
    }
    with serve_hub(repos) as running:
        yield running


def run(hub: Hub, home: Path, *commands: tuple[str, ...], **settings: str) -> list[Told]:
    hub.asked.clear()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "MMDIA_"))}
    environment |= {
        "MMDIA_HOME": str(home / "mmdia"),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": hub.address,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(commands)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bars, no warnings
    return [Told(*row) for row in json.loads(done.stdout)]


@pytest.mark.slow
def test_a_release_is_installed_from_the_hub_and_again_is_a_no_op(hub: Hub, tmp_path: Path) -> None:
    first, again, tagged, plain = run(
        hub,
        tmp_path,
        ("mmdia/demo", "--json"),
        ("mmdia/demo", "--json"),
        ("mmdia/demo@v2", "--json"),
        ("mmdia/demo",),
    )
    assert (first.status, first.err) == (0, "")
    document = json.loads(first.out)
    assert (document["name"], document["version"], document["was_there"]) == ("mmdia-demo", "1.0.0", False)
    assert json.loads(again.out) == {**document, "was_there": True}
    assert json.loads(tagged.out)["version"] == "2.0.0"
    assert "was installed already" in plain.out
    folder = Path(document["path"])
    got = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    expected = {name: content for name, content in demo_files().items() if belongs(PurePosixPath(name))}
    assert got == expected | {"README.md": b"# A card"}
    assert sorted(p.name for p in folder.parent.iterdir()) == [
        "current.json", "mmdia-demo-1.0.0", "mmdia-demo-2.0.0",
    ]  # fmt: skip
    # Films in the repository are not even asked for, and nothing is ever written to it.
    assert hub.downloaded() == set(got)
    assert {method for method, _ in hub.asked} <= {"GET", "HEAD"}


def check_refusal(told: Told, status: int, *words: str) -> None:
    assert (told.status, told.out) == (status, "")
    assert told.err.startswith("mmdia: ")
    assert told.err.count("\n") == 1, told.err
    for word in words:
        assert word in told.err


@pytest.mark.slow
def test_refusals_are_one_line_with_the_cure(hub: Hub, tmp_path: Path) -> None:
    gated, missing, revision, other, nothing, broken, name = run(
        hub,
        tmp_path,
        ("mmdia/gated",),
        ("mmdia/missing",),
        ("mmdia/demo@v9",),
        ("mmdia/other",),
        ("mmdia/nothing",),
        ("mmdia/broken",),
        ("mmdia/a--b",),
    )
    check_refusal(gated, 2, "mmdia/gated", "Accept the terms on the Hub", "hf auth login", hub.address)
    check_refusal(missing, 2, "mmdia/missing", "no such dataset on the Hub", "hf auth login")
    check_refusal(revision, 2, "mmdia/demo@v9", "no such revision")
    check_refusal(other, 2, "mmdia/other", "no release in this repository", "release.json")
    check_refusal(nothing, 2, "mmdia/nothing", "no release in this repository")
    check_refusal(broken, 2, "mmdia/broken", "does not answer as it should")
    check_refusal(name, 2, "mmdia/a--b", "ORG/NAME")
    assert not list((tmp_path / "mmdia" / "releases").iterdir())


@pytest.mark.slow
def test_a_token_opens_a_gated_repository(hub: Hub, tmp_path: Path) -> None:
    assert run(hub, tmp_path, ("mmdia/gated",), HF_TOKEN=TOKEN)[0].status == 0
    stranger = run(hub, tmp_path, ("mmdia/gated",), HF_TOKEN="hf_stranger")[0]
    check_refusal(stranger, 2, "Accept the terms on the Hub")


@pytest.mark.slow
def test_without_a_connection_it_says_so(hub: Hub, tmp_path: Path) -> None:
    offline = run(hub, tmp_path, ("mmdia/demo",), HF_HUB_OFFLINE="1")[0]
    check_refusal(offline, 2, "$HF_HUB_OFFLINE", "install from a folder")
    assert hub.asked == []
    nobody = run(hub, tmp_path, ("mmdia/demo",), HF_ENDPOINT="http://127.0.0.1:9")[0]
    check_refusal(nobody, 2, "cannot be reached", "Check the connection")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mmdia/mm-dia", ("mmdia/mm-dia", None)),
        ("mmdia/mm-dia@v1.0", ("mmdia/mm-dia", "v1.0")),
        ("mmdia/mm.dia_2@refs/pr/1", ("mmdia/mm.dia_2", "refs/pr/1")),
        ("mm-dia", None),
        ("./mm-dia", None),
        ("../mm-dia", None),
        ("/data/mm-dia", None),
        ("~/mm-dia", None),
        ("a/b/c", None),
        ("a/b@", None),
        ("a/", None),
        ("a\\b", None),
        ("downloads/mm-dia.zip", None),
        ("downloads/mm-dia.TAR.GZ", None),
        ("mm-dia/release.json", None),
        ("a/b c", None),
        ("a/b\n", None),
    ],
)
def test_what_is_a_name_on_the_hub(text: str, found: tuple[str, str | None] | None) -> None:
    assert parse_hub_id(text) == found


def test_a_path_that_exists_is_never_looked_for_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> Path:
        raise AssertionError("the Hub was asked")

    monkeypatch.setattr(room, "download_release", never)
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org").mkdir()
    (tmp_path / "org" / "demo").symlink_to(demo_release(), target_is_directory=True)
    assert install("org/demo").handle.head.name == "mmdia-demo"
    with pytest.raises(ReleaseNotFound, match="no such file"):
        install(Path("org/nowhere"))
    with pytest.raises(AssertionError, match="the Hub was asked"):
        install("org/nowhere")


def test_all_that_belongs_to_a_release_is_downloaded() -> None:
    names = [
        "release.json", "titles.jsonl", "titles.parquet", "dialogues.jsonl", "dialogues.parquet",
        "dialogues/train-00000-of-00008.parquet", "scenes.parquet", "withdrawn.jsonl", "subtitles/t.srt",
        "fingerprints/t.npz", "README.md", "LICENSE", "NOTICE", "CITATION.cff",
    ]  # fmt: skip
    for name in names:
        assert belongs(PurePosixPath(name))
        assert any(fnmatch.fnmatch(name, pattern) for pattern in RELEASE_PATTERNS), name
