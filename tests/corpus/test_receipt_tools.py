"""Receipts of two labs side by side, receipts of several folders as one, and what a paper cites."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.citation import bibtex, citation, receipt_digest
from mmdia.corpus.receipt_diff import FIELDS, diff_receipts
from mmdia.corpus.receipt_merge import merge_outputs
from mmdia.corpus.receipts import read_receipts
from mmdia.errors import StoreError, UsageError
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.receipt import Receipt
from mmdia.schema.release import Release, ReleaseSource


def built(i: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "schema": "mmdia.receipt/1",
        "dialogue_id": i,
        "title_id": "t",
        "status": "built",
        "media": {"path": "a.mkv", "size": 5, "hash": "m"},
        "clip": {"nominal_start": 1.0, "nominal_end": 2.0, "media_start": 0.99, "media_end": 2.0,
                 "lead_in": 0.01, "scale": 1.0, "confidence": 0.9},
        "audio": {"path": f"clips/t/{i}.flac", "sample_rate": 24000, "n_samples": 24240, "sha256": f"s{i}"},
        "keyframes": [{"path": f"clips/t/{i}.k000.jpg", "turn": 0, "media_time": 1.5, "sha256": "k"}],
        "turns": [{"start": 0.01, "end": 1.01}],
        "annotation_version": "r 1",
        "params_hash": "p",
        "mmdia_version": "1",
    }  # fmt: skip
    return {**row, **more}


def receipts(*rows: dict[str, Any]) -> dict[str, Receipt]:
    return {r["dialogue_id"]: Receipt.from_row(r) for r in rows}


CHANGES: dict[str, dict[str, Any]] = {
    "status": {"status": "refused", "reasons": ["wrong_film"]},
    "window": {"clip": {**built("a")["clip"], "media_start": 0.95}},
    "audio": {"audio": {**built("a")["audio"], "sha256": "x"}},
    "video": {"video": {"path": "v.mp4", "first_pts": 0.0, "n_frames": 3, "sha256": "v"}},
    "keyframes": {"keyframes": []},
    "turn_clips": {"turn_clips": [{"turns": [0], "start": 0.0, "end": 1.0}]},
    "turns": {"turns": [{"start": 0.02, "end": 1.01}]},
    "media": {"media": {"path": "a.mkv", "hash": "n"}},
    "params": {"params_hash": "q"},
    "annotation_version": {"annotation_version": "r 2"},
    "mmdia_version": {"mmdia_version": "2"},
}


def test_every_field_is_tried() -> None:
    assert set(CHANGES) == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_difference_is_told_and_no_other(field: str) -> None:
    found = diff_receipts(
        receipts(built("a"), built("b")), receipts(built("a", **CHANGES[field]), built("b"))
    )
    assert [d.field for d in found.differences] == [field]
    assert found.differences[0].dialogue_id == "a"
    assert not found.same
    assert found.to_row()["counts"] == {field: 1}
    back = diff_receipts(receipts(built("a", **CHANGES[field])), receipts(built("a")))
    assert [d.field for d in back.differences] == [field]


def test_places_names_packing_and_float_noise_are_no_difference() -> None:
    clip = {**built("a")["clip"], "media_start": 0.99 + 1e-12}
    audio = {
        **built("a")["audio"],
        "path": "clips/x.flac",
        "shard": "shards/t.tar",
        "offset": 512,
        "bytes": 9,
    }
    other = built("a", clip=clip, audio=audio, media={"path": "elsewhere/b.mkv", "hash": "m"}, message="hm")
    assert diff_receipts(receipts(built("a")), receipts(other)).same


def test_clips_of_one_side_are_named() -> None:
    refused = built("b", status="refused", reasons=["no_audio", "commentary"])
    left_out = built("c", status="not_selected", reasons=["not_selected"])
    found = diff_receipts(receipts(built("a"), built("b"), left_out), receipts(refused, built("d")))
    assert (found.only_a, found.only_b, found.both) == (("a", "b"), ("d",), 0)
    told = {d.dialogue_id: (d.a, d.b) for d in found.differences}
    assert told == {
        "a": ("built", None),
        "b": ("built", "refused commentary no_audio"),
        "d": (None, "built"),
    }


def test_windows_say_how_far_they_are_apart() -> None:
    found = diff_receipts(receipts(built("a")), receipts(built("a", **CHANGES["window"])))
    assert found.to_row()["largest_window_difference_s"] == pytest.approx(0.04)


def test_the_digest_is_that_of_the_content() -> None:
    rows = [built(i) for i in "abc"]
    digest = receipt_digest(receipts(*rows).values())
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    moved = [
        built(
            r["dialogue_id"], media=None, audio={**r["audio"], "path": "x", "shard": "s"}, mmdia_version="9"
        )
        for r in shuffled
    ]
    refused = built("d", status="refused")
    assert receipt_digest(receipts(*moved, refused).values()) == digest
    for change in ("audio", "video", "keyframes", "turn_clips"):
        other = receipts(built("a", **CHANGES[change]), *rows[1:])
        assert receipt_digest(other.values()) != digest, change
    assert receipt_digest(receipts(*rows[1:]).values()) != digest
    assert len(digest) == 64


def test_a_citation_counts_by_split() -> None:
    turn = {"start_ms": 0, "end_ms": 3_600_000, "speakers": ["x"]}
    rows: list[dict[str, Any]] = [
        {"dialogue_id": "a", "title_id": "t", "split": "train", "subsets": ["bench"], "turns": [turn]},
        {"dialogue_id": "b", "title_id": "t", "split": "train", "turns": [turn]},
        {"dialogue_id": "s", "split": "train", "turns": []},
    ]
    dialogues = [Dialogue.from_row(r) for r in rows]
    head = Release(schema_="mmdia.release/1", name="r", version="1", license="CC0-1.0")
    found = citation(head, dialogues, receipts(built("a")))
    train = found["coverage"]["train"]
    assert (train["dialogues"], train["built"], train["hours"], train["built_hours"]) == (2, 1, 2.0, 1.0)
    assert train["scripts"] == 1
    assert list(found["coverage"]) == ["all", "train", "bench"]
    assert found["clips"] == 1
    assert citation(head, dialogues, None)["receipt_digest"] is None


def test_bibtex_of_sources() -> None:
    given = "@book{x, title={X}}"
    sources = (
        ReleaseSource(citation=given),
        ReleaseSource(name="50 % {of} a_b & c", url="https://a.org/x_y%20z", license="MIT"),
    )
    entries = bibtex(
        Release(
            schema_="mmdia.release/1", name="My Set", version="2", created="2026-01-01", sources=sources
        )
    )
    assert entries[3] == given
    assert entries[2].startswith("@misc{myset2026,")
    assert r"50 \% of a\_b \& c" in entries[4]
    assert r"\url{https://a.org/x_y%20z}" in entries[4]
    assert all(e.count("{") == e.count("}") for e in entries)


def output(
    folder: Path, *rows: dict[str, Any], content: bytes = b"abc", titles: list[Any] | None = None
) -> Path:
    folder.mkdir()
    (folder / "receipt.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    if titles:
        (folder / "titles.jsonl").write_text("".join(json.dumps(t) + "\n" for t in titles))
    for r in rows:
        facts = (
            [f for f in (r.get("audio"), *r.get("keyframes", ())) if f] if r["status"] == "built" else []
        )
        for fact in facts:
            place = folder / (fact.get("shard") or fact["path"])
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return folder


def test_merging_takes_clips_maps_and_titles(tmp_path: Path) -> None:
    one = output(
        tmp_path / "1", built("a"), built("b", status="not_selected"), built("c", status="refused"),
        titles=[{"title_id": "t", "timemap": "timemaps/t.json", "counts": {"built": 1}, "file": "one"}],
    )  # fmt: skip
    (one / "timemaps").mkdir()
    (one / "timemaps" / "t.json").write_text("{}")
    packed = built(
        "b",
        audio={**built("b")["audio"], "shard": "shards/u-1.tar", "offset": 1},
        keyframes=[],
        title_id="u",
    )
    two = output(
        tmp_path / "2", built("a", status="not_selected"), packed,
        titles=[{"title_id": "t", "file": None}, {"title_id": "u", "timemap": "../../x.json"}],
    )  # fmt: skip
    merged = merge_outputs([one, two], tmp_path / "out")
    out = tmp_path / "out"
    assert merged.statuses == {"built": 2, "refused": 1}
    found = read_receipts(out)
    assert found["b"].audio is not None
    assert found["b"].audio.shard == "shards/u-1.tar"
    files = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert files == {
        "receipt.jsonl", "titles.jsonl", "manifest.parquet", "timemaps/t.json",
        "clips/t/a.flac", "clips/t/a.k000.jpg", "shards/u-1.tar",
    }  # fmt: skip
    titles = {t["title_id"]: t for t in map(json.loads, (out / "titles.jsonl").read_text().splitlines())}
    assert titles["t"]["file"] == "one"
    assert titles["t"]["counts"] == {"built": 1, "refused": 1}
    assert merged.linked == merged.files == 4
    assert diff_receipts(found, read_receipts(out)).same


def test_a_merge_that_was_stopped_is_run_again(tmp_path: Path) -> None:
    one = output(tmp_path / "1", built("a"))
    merge_outputs([one], tmp_path / "out")
    (tmp_path / "out" / "receipt.jsonl").unlink()
    assert merge_outputs([one], tmp_path / "out").linked == 0


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (built("b", annotation_version="r 2"), "more than one release"),
        (built("b", audio={**built("b")["audio"], "sample_rate": 16000}), "more than one sample rate"),
    ],
)
def test_what_is_no_part_of_one_rebuild_is_refused(
    tmp_path: Path, other: dict[str, Any], told: str
) -> None:
    folders = [output(tmp_path / "1", built("a")), output(tmp_path / "2", other)]
    with pytest.raises(UsageError, match=told):
        merge_outputs(folders, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over_or_left_out(tmp_path: Path) -> None:
    one = output(tmp_path / "1", built("a"))
    with pytest.raises(UsageError, match="a receipt already"):
        merge_outputs([one], one)
    (one / "state").mkdir()
    (one / "state" / "journal-0of1.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="was stopped"):
        merge_outputs([one], tmp_path / "out")
    (one / "state" / "journal-0of1.jsonl").unlink()
    (one / "clips" / "t" / "a.flac").unlink()
    with pytest.raises(StoreError, match="gone"):
        merge_outputs([one], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_file_of_the_same_name_is_not_hidden(tmp_path: Path) -> None:
    one = output(tmp_path / "1", built("a"))
    place = tmp_path / "out" / "clips" / "t" / "a.flac"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"other")
    with pytest.raises(StoreError, match="another file"):
        merge_outputs([one], tmp_path / "out")
    assert place.read_bytes() == b"other"
