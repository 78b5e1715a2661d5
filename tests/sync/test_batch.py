from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdia.errors import MissingExtra, StoreError
from mmdia.sync import batch as room
from mmdia.sync.annotation import AnnotationTrack, track_of_file
from mmdia.sync.batch import BatchItem, MediaPart, Outputs, page_name, run_batch
from mmdia.sync.timemap import AlignParams
from tests.sync.films import film, moved, write


def item(folder: Path, name: str, seed: int, *media: Path) -> BatchItem:
    path = write(folder / "anno" / f"{name}.srt", film(seed, 60))
    return BatchItem(name, str(path), lambda: track_of_file(path), tuple(MediaPart(m) for m in media))


@pytest.fixture
def items(tmp_path: Path) -> list[BatchItem]:
    good = write(tmp_path / "m" / "good.srt", moved(film(1, 60), 9.0))
    other = write(tmp_path / "m" / "other.srt", film(5, 60))
    broken = tmp_path / "m" / "broken.srt"
    broken.write_bytes(b"PK\x03\x04")
    return [
        item(tmp_path, "broken", 2, broken),
        item(tmp_path, "good", 1, good),
        item(tmp_path, "gone", 3),
        item(tmp_path, "index", 1, other, good),
        item(tmp_path, "wrong", 4, other),
    ]


@pytest.mark.slow
def test_one_that_fails_does_not_stop_the_rest(tmp_path: Path, items: list[BatchItem]) -> None:
    out = Outputs(tmp_path / "j", tmp_path / "s", tmp_path / "r")
    told: list[str] = []
    made = run_batch(items, out, on_row=lambda row: told.append(row.name))
    assert told == ["broken", "good", "gone", "index", "wrong"]
    assert [r.status for r in made.rows] == ["failed", "accepted", "missing_media", "accepted", "refused"]
    assert made.statuses == {"accepted": 2, "failed": 1, "missing_media": 1, "refused": 1}
    assert made.rows[0].reasons == ("unreadable_subtitle",)
    assert "zip" in (made.rows[0].message or "")
    assert made.rows[4].reasons == ("wrong_film",)
    assert made.rows[3].media is not None
    assert made.rows[3].media.endswith("good.srt")  # the second file was tried
    assert json.loads((tmp_path / "j" / "good.json").read_text())["verdict"] == "translation"
    assert (tmp_path / "s" / "good.srt").read_text().count("-->") == 60
    assert "<svg" in (tmp_path / "r" / "good.html").read_text()
    assert made.rows[3].report == page_name("index") == "index_.html"


def test_a_second_run_keeps_what_is_there(
    tmp_path: Path, items: list[BatchItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Outputs(tmp_path / "j", tmp_path / "s", tmp_path / "r")
    some = [items[1], items[4]]
    first = run_batch(some, out)
    assert not any(r.kept for r in first.rows)
    (tmp_path / "s" / "good.srt").unlink()
    before = (tmp_path / "r" / "good.html").stat().st_mtime_ns

    def never(*args: object, **more: object) -> None:
        raise AssertionError("aligned again")

    monkeypatch.setattr("mmdia.sync.timemap.align", never)
    second = run_batch(some, out)
    assert all(r.kept for r in second.rows)
    assert [r.verdict for r in second.rows] == [r.verdict for r in first.rows]
    assert (tmp_path / "s" / "good.srt").is_file()
    assert (tmp_path / "r" / "good.html").stat().st_mtime_ns == before


@pytest.mark.slow
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_map_on_disk_is_the_one_that_the_row_tells_of(tmp_path: Path, order: tuple[int, int]) -> None:
    right, wrong = (
        write(tmp_path / "m" / "a.srt", moved(film(1, 60), 2.0)),
        write(tmp_path / "m" / "b.srt", film(9, 60)),
    )
    media = [(right, wrong)[k] for k in order]
    one = item(tmp_path, "n", 1, *media)
    out = Outputs(tmp_path / "j", None, tmp_path / "r")
    strict = AlignParams(policy="paper", min_confidence=1.0)
    for kept in (False, True):
        row = run_batch([one], out, params=strict).rows[0]
        document = json.loads((tmp_path / "j" / "n.json").read_text())
        assert row.status == "refused"
        assert row.media == str(right)
        assert (document["media"], document["confidence"]) == (str(right), row.confidence)
        assert row.kept is kept


def test_a_bug_costs_one_row_and_a_missing_extra_the_run(
    tmp_path: Path, items: list[BatchItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug() -> AnnotationTrack:
        raise ZeroDivisionError("oops")

    row = run_batch([BatchItem("x", "x", bug, items[1].media)], Outputs()).rows[0]
    assert (row.status, row.reasons) == ("failed", ("worker_error",))
    assert "ZeroDivisionError: oops" in (row.message or "")

    def missing(*args: object, **more: object) -> None:
        raise MissingExtra.of("x", "asr")

    monkeypatch.setattr(room, "collect", missing)
    with pytest.raises(MissingExtra):
        run_batch(items[1:2], Outputs())


def test_an_output_that_cannot_be_written_stops_the_run(tmp_path: Path, items: list[BatchItem]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        run_batch(items[1:2], Outputs(srt=tmp_path / "file"))


def test_parts_of_a_file_are_cut_out_of_it(tmp_path: Path) -> None:
    one, two = film(1, 60), film(2, 60)
    joined = (*one, *moved(two, one[-1].end_s + 5))
    double = write(tmp_path / "double.srt", joined)
    base = item(tmp_path, "two", 2)
    part = MediaPart(double, start_ms=one[-1].end_ms)
    row = run_batch([BatchItem("two", base.annotation, base.read, (part,))], Outputs()).rows[0]
    assert (row.status, row.verdict) == ("accepted", "translation")
    first = MediaPart(double, end_ms=one[-1].end_ms)
    row = run_batch([BatchItem("two", base.annotation, base.read, (first,))], Outputs()).rows[0]
    assert row.status == "refused"
