"""The commands before and after a rebuild: titles, receipt diff and merge, cite, dry runs, states."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import demo_release
from tests.cli.calls import one_line, run

RELEASE = demo_release()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(next((RELEASE.parent / "media").glob("*.mp4")), folder / "mmdia_demo_01.mp4")
    shutil.copy(next((RELEASE / "subtitles").glob("*.srt")), folder / "mmdia_demo_01.en.srt")
    return folder


def document(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    status, out, _ = run(capsys, *words, "--json")
    return status, json.loads(out)


def test_titles_need_no_media(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = document(capsys, "titles")
    assert (status, found["schema"]) == (0, "mmdia.titles/1")
    (row,) = found["titles"]
    assert (row["title_id"], row["dialogues"], row["bench_share"], row["runtime_s"]) == (
        "mmdia_demo_01", 7, 1.0, 134.009,
    )  # fmt: skip
    assert "have" not in row
    status, out, _ = run(capsys, "titles")
    assert status == 0
    assert "Small Station Stories S01E01" in out
    assert max(map(len, out.splitlines())) < 140


def test_plans(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = document(capsys, "titles", "--plan", "bench")
    assert (status, found["schema"], found["reachable"]) == (0, "mmdia.titles-plan/1", True)
    assert [f["title_id"] for f in found["films"]] == ["mmdia_demo_01"]
    status, found = document(capsys, "titles", "--plan", "hours=50")
    assert (status, found["reachable"], found["unit"], found["target"]) == (1, False, "hours", 50)
    status, out, _ = run(capsys, "titles", "--plan", "hours=50")
    assert status == 1
    assert "out of reach" in out
    status, found = document(capsys, "titles", "--plan", "bench", "--media-dir", films)
    assert (status, found["films"], found["have"]) == (0, [], ["mmdia_demo_01"])
    status, found = document(capsys, "titles", "--media-dir", films)
    assert found["titles"][0]["have"] is True
    assert "no such part" in one_line(capsys, "titles", "--annotations", RELEASE, "--plan", "unheard")
    assert "not an aim" in one_line(capsys, "titles", "--plan", "50 hours")


def test_dry_run_writes_a_map_and_nothing_else(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    status, found = document(
        capsys,
        "rebuild",
        "--media-dir",
        films,
        "--out",
        out,
        "--dry-run",
        "--write-map",
        tmp_path / "m.csv",
    )
    assert status == 0
    assert not out.exists()
    assert found["estimate"]["dialogues"] == 7
    assert found["estimate"]["bytes"] > 100_000
    assert found["titles"][0]["files"][0]["path"] == "mmdia_demo_01.mp4"
    assert "mmdia_demo_01,mmdia_demo_01.mp4" in (tmp_path / "m.csv").read_text()
    status, text, _ = run(
        capsys,
        "rebuild",
        "--media-dir",
        films,
        "--out",
        out,
        "--dry-run",
        "--media-map",
        tmp_path / "m.csv",
    )
    assert status == 0
    assert "to build: 7 dialogues" in text
    assert "--dry-run" in one_line(capsys, "rebuild", "--media-dir", films, "--write-map", "x.csv")


@pytest.mark.slow
def test_two_rebuilds_diff_merge_and_cite(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, c = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    status, _, err = run(capsys, "rebuild", "--media-dir", films, "--out", a, "--jobs", 0)
    assert status == 0
    assert "[1/1] mmdia_demo_01: " in err
    run(capsys, "rebuild", "--media-dir", films, "--out", b, "--jobs", 0, "--pad", "0.5")
    status, found = document(capsys, "receipt", "diff", a, b)
    assert (status, found["schema"], found["same"], found["both"]) == (1, "mmdia.receipt-diff/1", False, 7)
    assert found["counts"]["window"] == 7
    assert run(capsys, "receipt", "diff", a, b)[0] == 1
    assert run(capsys, "receipt", "merge", a, "--out", c)[0] == 0
    status, out, _ = run(capsys, "receipt", "diff", a, c)
    assert status == 0
    assert out.startswith("7 dialogues built in both, 7 of them identical;")
    assert out.endswith("\nthe same\n")
    assert run(capsys, "rebuild", "--media-dir", films, "--out", c, "--verify")[0] == 0
    cites = [document(capsys, "cite", "--out", place)[1] for place in (a, b, c)]
    assert cites[0]["receipt_digest"] == cites[2]["receipt_digest"] != cites[1]["receipt_digest"]
    assert cites[0]["coverage"]["bench"] == cites[2]["coverage"]["bench"]
    assert "receipt already" in one_line(capsys, "receipt", "merge", a, "--out", c)
    status, out, _ = run(capsys, "rebuild", "--media-dir", films, "--out", a, "--status")
    assert status == 0
    assert "bench" in out
    page = (a / "report.html").read_text("utf-8")
    assert "Whole release" in page
    assert "Foreseen" in page


def test_cite_without_clips(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "cite")
    assert status == 0
    assert out.startswith("Annotations: mmdia-demo 1.0.0, CC0-1.0.")
    assert out.count("@") == 4
    assert "digest" not in out
    assert "no receipt" in one_line(capsys, "cite", "--annotations", RELEASE, "--out", "nowhere")


@pytest.mark.slow
def test_the_doctor_knows_what_comes_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {p["package"]: p for p in document(capsys, "doctor")[1]["packages"]}
    assert rows["ray"]["extra"] == "ray"
    assert rows["guessit"]["extra"] == "media-extra"
    for name in ("s3fs", "gcsfs"):
        assert rows[name]["optional"] is True
        assert rows[name]["cure"] in (None, f"pip install {name}")


@pytest.mark.slow
def test_a_dry_run_says_what_to_do_with_an_image(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "mmdia_demo_01.iso").write_bytes(b"CD001")
    asked = ("rebuild", "--media-dir", tmp_path / "films", "--out", tmp_path / "out")
    _, found = document(capsys, *asked, "--dry-run")
    assert found["images"] == {"mmdia_demo_01.iso": ["mmdia_demo_01"]}
    assert found["titles"][0]["files"] == []
    _, text, _ = run(capsys, *asked, "--dry-run")
    assert "mount or rip mmdia_demo_01.iso" in text
    status, summary = document(capsys, *asked)
    assert (status, summary["images"]) == (1, {"mmdia_demo_01.iso": ["mmdia_demo_01"]})
    assert summary["reasons"]["disc_image"] > 0
