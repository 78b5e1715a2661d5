"""Installed releases: listed, chosen, removed; a broken one is shown and does no harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdia.cli.main import main
from mmdia.corpus.locate import installed_pointer, locate_release
from mmdia.corpus.write import write_release
from mmdia.errors import ReleaseNotFound, UsageError
from mmdia.release.install import install
from mmdia.release.installed import find_installed, installed_releases, remove_release, use_release
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.release import Release


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)
    row = Dialogue(dialogue_id="d", turns=(Turn(speakers=("a",), text="Hello."),))
    for name, version in (("one", "1.0"), ("one", "2.0"), ("two words", "1")):
        folder = tmp_path / f"{name}-{version}"
        write_release(folder, Release(name=name, version=version), [], [row])
        install(folder)


def in_use() -> str:
    return locate_release()[0].head.name + locate_release()[0].head.version


def test_releases_are_listed_and_chosen(three: None, capsys: pytest.CaptureFixture[str]) -> None:
    found = installed_releases()
    assert [(r.name, r.version, r.in_use) for r in found] == [
        ("one", "1.0", False),
        ("one", "2.0", False),
        ("two words", "1", True),
    ]
    assert found[0].dialogues == 1
    use_release("one@1.0")
    assert in_use() == "one1.0"
    assert main(["release", "use", "two words"]) == 0
    assert in_use() == "two words1"
    assert main(["release", "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out.split("\n", 1)[1])
    assert [r["in_use"] for r in document["releases"]] == [False, False, True]


def test_a_name_must_fit_one(three: None) -> None:
    with pytest.raises(UsageError, match="several versions"):
        find_installed("one")
    with pytest.raises(ReleaseNotFound, match="no such release"):
        use_release("three")
    with pytest.raises(ReleaseNotFound):
        remove_release("..")


def test_the_release_in_use_can_go(three: None, tmp_path: Path) -> None:
    gone = remove_release("two words")
    assert gone.in_use
    assert not gone.path.exists()
    assert locate_release()[1] == "demo"
    remove_release("one@1.0")
    assert [r.version for r in installed_releases()] == ["2.0"]
    assert not [p for p in installed_pointer().parent.iterdir() if p.name.startswith(".removed")]


def test_a_broken_release_is_shown_and_can_be_removed(three: None) -> None:
    broken = find_installed("one@1.0").path
    (broken / "release.json").write_text("{", "utf-8")
    shown = next(r for r in installed_releases() if r.problem)
    assert "cannot be read" in str(shown.problem)
    remove_release(broken.name)
    assert not broken.exists()
