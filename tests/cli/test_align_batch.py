"""``mmdia align --batch``, and titles of a release by name."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from mmdia.cli.align_tracks import read_annotation
from mmdia.corpus.locate import demo_release
from mmdia.schema.names import safe_names
from tests.cli.calls import one_line, run
from tests.sync.films import film, moved, write

RELEASE = demo_release()
SRT = RELEASE / "subtitles" / "mmdia_demo_01.srt"
DEMO_FILM = RELEASE.parent / "media" / "mmdia_demo_01.mp4"
FILM = film(1, 60)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    anno, media = tmp_path / "anno", tmp_path / "media"
    write(anno / "one.srt", FILM)
    write(anno / "two.en.srt", film(2, 60))
    write(anno / "lonely.srt", film(3, 60))
    write(media / "one.srt", moved(FILM, 5.0))
    write(media / "two.en.de.srt", film(9, 60))
    write(media / "stranger.srt", film(8, 60))
    return anno, media


@pytest.mark.slow
def test_batch_over_folders(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("align", *folders, "--batch", "--json", tmp_path / "j", "--srt", tmp_path / "s", "--report",
             tmp_path / "r")  # fmt: skip
    status, out, _ = run(capsys, *words)
    assert status == 1
    for said in ("lonely: missing_media", "two.en: refused", "1 accepted, 1 missing_media, 1 refused",
                 "stranger.srt", "0 kept"):  # fmt: skip
        assert said in out
    document = json.loads((tmp_path / "j" / "batch.index.json").read_text())
    assert document["schema"] == "mmdia.align-batch/1"
    assert {r["name"]: r["status"] for r in document["rows"]} == {
        "lonely": "missing_media", "one": "accepted", "two.en": "refused",
    }  # fmt: skip
    index = (tmp_path / "r" / "index.html").read_text()
    assert 'href="./one.html"' in index
    assert (tmp_path / "r" / "one.html").is_file()
    assert (tmp_path / "s" / "one.srt").is_file()
    assert "2 kept" in run(capsys, *words)[1]


def test_batch_over_a_release_and_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media = tmp_path / "media"
    media.mkdir()
    shutil.copy(DEMO_FILM, media / "mmdia_demo_01.mp4")
    shutil.copy(SRT, media / "mmdia_demo_01.srt")
    status, out, err = run(capsys, "align", RELEASE, media, "--batch", "--json", tmp_path / "maps")
    assert status == 0
    assert "1 accepted" in out
    made = json.loads((tmp_path / "maps" / "mmdia_demo_01.json").read_text())
    assert made["lines"][0]["dialogue_id"]
    pairs = tmp_path / "pairs.csv"
    with pairs.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["annotation", "media"], [f"{RELEASE}::mmdia_demo_01", "mmdia_demo_01.srt"], [SRT, "none.srt"]]
        )
    status, out, err = run(capsys, "align", pairs, media, "--batch")
    assert status == 1
    assert "1 accepted, 1 failed" in out
    assert "nothing is kept" in err
    pairs.write_text("a,b\n1,2\n")
    assert "not a list of pairs" in one_line(capsys, "align", pairs, media, "--batch").replace(
        "nothing", ""
    )


def test_batch_never_writes_among_its_inputs(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "among the inputs" in one_line(capsys, "align", *folders, "--batch", "--srt", folders[1])
    (tmp_path / "f").write_text("")
    assert "names a folder" in one_line(capsys, "align", *folders, "--batch", "--json", tmp_path / "f")


def test_titles_that_differ_in_case_only_get_their_own_subtitles(tmp_path: Path) -> None:
    ids = ["Film", "film"]
    release = tmp_path / "release"
    release.mkdir()
    shutil.copy(RELEASE / "release.json", release)
    rows = [json.dumps({"title_id": i, "name": i, "language": "eng"}) + "\n" for i in ids]
    (release / "titles.jsonl").write_text("".join(rows))
    (release / "dialogues.jsonl").write_text("")
    names = safe_names(ids)
    for seed, title_id in enumerate(ids, 1):
        write(release / "subtitles" / f"{names[title_id]}.srt", film(seed, 20))
    write(release / "subtitles" / "Film.srt", film(9, 20))  # of neither
    for seed, title_id in enumerate(ids, 1):
        track = read_annotation(f"{release}::{title_id}")
        assert [c.text for c in track.cues] == [c.text for c in film(seed, 20)]
        assert (track.language, track.lines, track.lines_are_cues) == ("en", (), False)
