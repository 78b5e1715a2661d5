"""A published folder that somebody changed is never sent; what was taken back is in no track."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmdia.corpus.locate import demo_release, open_release
from mmdia.errors import ReleaseError
from mmdia.release.checksums import CHECKSUMS
from mmdia.release.publish import publish
from mmdia.release.upload import _check
from mmdia.store.digest import file_sha256

pytest.importorskip("jinja2")


def listed(folder: Path, name: str) -> None:
    path = folder / CHECKSUMS
    document = json.loads(path.read_text("utf-8"))
    file = folder / name
    document["files"][name] = {"bytes": file.stat().st_size, "sha256": file_sha256(file)}
    path.write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize("name", ["clips/a.parquet", "clips/a-00000-of-00001.parquet", "notes/film.bin"])
def test_a_file_put_into_a_publication_is_refused(tmp_path: Path, name: str) -> None:
    handle = open_release(demo_release())
    made = publish(handle, tmp_path / "out")
    _check(made)
    foreign = tmp_path / "out" / name
    foreign.parent.mkdir()
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"dialogue_id": ["a"], "audio": [b"fLaC" + bytes(99)]}), foreign)
    else:
        foreign.write_bytes(b"film")
    listed(tmp_path / "out", name)
    with pytest.raises(ReleaseError):
        again = publish(handle, tmp_path / "out")
        _check(again)


def test_words_that_were_taken_back_are_in_no_track(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(demo_release(), folder)
    gone = "mmdia_demo_01_clip_001"
    words = "I keep the things that people forget."
    track = folder / "subtitles" / "mmdia_demo_01.srt"
    assert words in track.read_text("utf-8")
    (folder / "withdrawn.jsonl").write_text(json.dumps({"dialogue_id": gone}) + "\n", "utf-8")
    publish(open_release(folder), tmp_path / "out")
    cut = (tmp_path / "out" / "subtitles" / "mmdia_demo_01.srt").read_text("utf-8")
    assert words not in cut
    assert 0 < cut.count(" --> ") < track.read_text("utf-8").count(" --> ")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file() and path.suffix in {".json", ".jsonl", ".srt", ".md", ".svg"}:
            assert words not in path.read_text("utf-8"), path.name
