"""What an output holds: shares of the release, files that are gone, sums for the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import demo_release, open_release
from mmdia.rebuild.availability import available
from mmdia.rebuild.config import RebuildConfig
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.overview import clip_facts, overview
from mmdia.rebuild.status import status_of
from tests.rebuild.conftest import rebuild


@pytest.mark.slow
def test_the_share_that_a_user_has(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    config = RebuildConfig(media_dir, out, jobs=0)
    before = status_of(config)
    assert before.availability.parts["all"].built == 0
    assert not before.complete
    rebuild(media_dir, out)
    found = status_of(config)
    assert found.complete
    row = found.to_row()
    assert row["schema"] == "mmdia.rebuild-summary/1"
    parts = row["availability"]["parts"]
    assert list(parts)[:4] == ["all", "train", "validation", "test"]
    assert parts["all"]["built"] == parts["all"]["dialogues"] == 7
    assert parts["bench"]["share"] == parts["bench"]["hours_share"] == 1.0
    next((out / "clips").rglob("*.flac")).unlink()
    lost = status_of(config)
    assert not lost.complete
    assert lost.to_row()["availability"]["gone"] == 1
    assert lost.availability.parts["all"].built == 6
    rows = Ledger(out).rows()
    assert available(open_release(demo_release()), rows, None).parts["all"].built == 7  # files elsewhere
    told = overview(open_release(demo_release()), rows, out)
    assert told["clips"]["files"]["audio"]["n"] == 7
    assert told["clips"]["files"]["audio"]["bytes"] == sum(
        r["audio"]["bytes"] for r in rows.values() if r["audio"]
    )


def built(**more: Any) -> dict[str, Any]:
    clip = {"media_start": 1.0, "media_end": 3.5, "lead_in": 0.02}
    return {"status": "built", "clip": clip, **more}


def test_sums_over_rows() -> None:
    turns = [
        {"audio": {"bytes": 5}, "video": {"bytes": 7, "shard": "b.tar"}},
        {"audio": {"bytes": 6, "shard": "a.tar"}, "video": None},
    ]
    rows = [
        built(audio={"bytes": 10, "shard": "a.tar"}, turn_clips=turns, quality={"snr_db": 10.0}),
        built(video={"bytes": 3, "interlaced": True, "edit_list": True}, speech={"score": 0.5}),
        {"status": "refused", "quality": {"snr_db": 99.0}},
    ]
    rows[1]["clip"] = {**rows[1]["clip"], "restored": 0.96}
    found = clip_facts(rows)
    assert found["files"] == {
        "audio": {"n": 1, "bytes": 10},
        "turn audio": {"n": 2, "bytes": 11},
        "turn video": {"n": 1, "bytes": 7},
        "video": {"n": 1, "bytes": 3},
    }
    assert (found["seconds"], found["shards"]) == (5.0, 2)
    assert (found["interlaced"], found["edit_list"], found["restored"]) == (1, 1, 1)
    assert found["quality"] == {"snr_db": {"n": 1, "low": 10.0, "median": 10.0, "high": 10.0}}
    assert found["speech"]["median"] == 0.5
    assert clip_facts([])["lead_in_s"] is None
