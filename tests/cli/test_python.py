"""The commands as functions of Python."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mmdia
from mmdia.corpus.locate import demo_release
from mmdia.errors import ReleaseNotFound, UsageError

SRT = demo_release() / "subtitles" / "mmdia_demo_01.srt"


def test_align_gives_what_the_command_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mmdia.cli.main import main

    found = mmdia.align(str(SRT), SRT, mode="text", json=tmp_path / "map.json")
    assert (found.verdict, found.accepted) == ("identity", True)
    assert found.confidence > 0.9
    assert found.time_map.apply(10.0) == pytest.approx(10.0)
    assert json.loads((tmp_path / "map.json").read_text())["verdict"] == "identity"
    assert capsys.readouterr().out == ""
    assert main(["align", str(SRT), str(SRT), "--mode", "text"]) == 0
    assert capsys.readouterr().out.strip() == str(found).strip()
    assert "<svg" in found._repr_html_().replace("&lt;", "<")


def test_rebuild_gives_what_the_command_gives(tmp_path: Path) -> None:
    release = demo_release()
    (tmp_path / "films").mkdir()
    plan = mmdia.rebuild(tmp_path / "films", annotations=release, out=tmp_path / "out", dry_run=True)
    assert "no file was matched" in str(plan)
    with pytest.raises(ReleaseNotFound):
        plan.receipts()
    done = mmdia.rebuild(
        str(tmp_path / "films"), annotations=str(release), out=tmp_path / "out", pad=0.5, jobs=0
    )
    assert not done.complete
    assert done.document["statuses"]["missing_media"] == 7
    assert {r.status for r in done.receipts().values()} == {"missing_media", "no_media"}
    assert "missing_media" in repr(done)
    assert done._repr_html_().startswith("<iframe")


def test_options_are_taken_as_the_command_takes_them(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"'profil' \(nearest: profile\)"):
        mmdia.rebuild(tmp_path, profil="audio")
    with pytest.raises(UsageError, match="expected audio, keyframes"):
        mmdia.rebuild(tmp_path, profile="film")
    with pytest.raises(UsageError, match="pad cannot be read"):
        mmdia.rebuild(tmp_path, pad="much")
    with pytest.raises(UsageError, match=r"no such title; got x, y"):
        mmdia.rebuild(tmp_path, annotations=demo_release(), titles=["x", "y"])


def test_a_room_is_called_before_and_after_its_files_are_imported() -> None:
    import mmdia.rebuild.attach

    assert callable(mmdia.rebuild)
    assert mmdia.rebuild.attach.attach_media is mmdia.attach_media
    assert list(inspect.signature(mmdia.rebuild).parameters) == [
        "media_dir",
        "annotations",
        "out",
        "options",
    ]
    assert "Cut exact clips" in (mmdia.rebuild.__doc__ or "")
    assert "Find the time map" in (inspect.getdoc(mmdia.align) or "")


@pytest.mark.slow
def test_a_script_without_a_guard_runs_once(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    shutil.copy(next((demo_release().parent).rglob("mmdia_demo_01.mp4")), tmp_path / "films")
    script = tmp_path / "mine.py"
    script.write_text(
        "import mmdia\nprint('begin')\n"
        "done = mmdia.rebuild('films', annotations=RELEASE, out='out', timemap='identity', jobs=1)\n"
        "print(done.complete, len(done.receipts()))\n".replace("RELEASE", repr(str(demo_release()))),
        encoding="utf-8",
    )
    ran = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"MMDIA_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert (ran.stdout.split(), ran.returncode) == (["begin", "True", "10"], 0), ran.stderr
