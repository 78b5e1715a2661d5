"""The gallery of a search, with and without the clips of a rebuild."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mmdia.cli.main import main
from mmdia.corpus.locate import demo_release, open_release
from mmdia.errors import ReleaseError, ReleaseNotFound
from mmdia.release.find_gallery import write_gallery
from mmdia.release.find_query import Query
from mmdia.release.find_rows import Order, find

DEMO = open_release(demo_release())
BUILT = "mmdia_demo_01_clip_002"


def rebuild(folder: Path, *, origin: str = "mmdia-demo 1.0.0", audio: dict[str, Any] | None = None) -> Path:
    """What a rebuild leaves, for one dialogue."""
    sound = folder / "clips" / "t" / "c.flac"
    sound.parent.mkdir(parents=True)
    sound.write_bytes(b"sound")
    fact = {"sample_rate": 24000, "n_samples": 1, "sha256": "0", "path": "clips/t/c.flac", **(audio or {})}
    rows = [
        {"dialogue_id": BUILT, "status": "built", "annotation_version": origin, "audio": fact,
         "turns": [{"start": 0.25, "end": 1.0}]},
        {"dialogue_id": "mmdia_demo_01_clip_001", "status": "refused", "reasons": ["edit_inside"]},
    ]  # fmt: skip
    (folder / "receipt.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


def test_a_gallery_needs_no_film(tmp_path: Path) -> None:
    found = find(DEMO, Query())
    assert write_gallery(DEMO, found, tmp_path / "deep" / "g.html") == 0
    text = (tmp_path / "deep" / "g.html").read_text("utf-8")
    assert all(i in text for i in found.ids)
    assert "Nora Vale" in text
    assert "<audio" not in text
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["g.html"]


def test_it_keeps_the_order_and_says_what_is_left_out(tmp_path: Path) -> None:
    found = find(DEMO, Query(), Order(sort="intensity", descending=True))
    write_gallery(DEMO, found, tmp_path / "g.html", most=3)
    text = (tmp_path / "g.html").read_text("utf-8")
    at = [text.find(f'data-id="{i}"') for i in found.ids]
    assert at[:3] == sorted(at[:3])
    assert at[0] > 0
    assert at[3:] == [-1] * 7
    assert "7 more dialogues" in text


def test_clips_are_played_where_they_lie(tmp_path: Path) -> None:
    out = rebuild(tmp_path / "my clips")
    assert write_gallery(DEMO, find(DEMO, Query()), tmp_path / "page" / "g.html", clips=out) == 1
    text = (tmp_path / "page" / "g.html").read_text("utf-8")
    assert 'src="./../my%20clips/clips/t/c.flac"' in text
    assert 'data-start="0.250"' in text
    assert text.count("No clip: ") == 9
    (out / "clips" / "t" / "c.flac").unlink()
    assert write_gallery(DEMO, find(DEMO, Query()), tmp_path / "page" / "g.html", clips=out) == 0


def test_clips_in_shards_are_copied_beside_the_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("c.flac")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"sound"))
    rebuild(out, audio={"shard": "shards/s.tar", "offset": 512, "bytes": 5})
    (out / "shards").mkdir()
    (out / "shards" / "s.tar").write_bytes(buffer.getvalue())
    assert write_gallery(DEMO, find(DEMO, Query()), tmp_path / "g.html", clips=out) == 1
    copies = list((tmp_path / "g_clips").iterdir())
    assert [p.read_bytes() for p in copies] == [b"sound"]
    assert copies[0].name in (tmp_path / "g.html").read_text("utf-8")


def test_clips_of_another_release_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="another release"):
        write_gallery(
            DEMO, find(DEMO, Query()), tmp_path / "g.html", clips=rebuild(tmp_path / "o", origin="x 1")
        )
    with pytest.raises(ReleaseNotFound):
        write_gallery(DEMO, find(DEMO, Query()), tmp_path / "g.html", clips=tmp_path)
    assert not (tmp_path / "g.html").exists()


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["find", str(DEMO.path), "--interaction", "Banter", "--report", str(tmp_path / "g.html")]
    assert main([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["written"] == [str(tmp_path / "g.html")]
    assert "wrote" in err
    assert "Banter" in (tmp_path / "g.html").read_text("utf-8")
