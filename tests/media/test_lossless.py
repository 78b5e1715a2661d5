"""Lossless clips show exactly the frames of their windows, though they hold more."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmdia.errors import MediaUnreadable
from mmdia.media.cut import ClipRequest, cut_media
from mmdia.media.edit_list import read_edits, read_samples, set_ends
from mmdia.media.index import build_index
from mmdia.media.lossless import CopyWriter, copy_clips, copy_refusal
from mmdia.media.verify import check_clip, check_copy, check_video
from mmdia.media.window import sample_range, snap
from tests.media import film, truth
from tests.media.test_odd_pictures import turned

FILMS = ["base.mp4", "base.mkv", "base.ts", "late.mkv", "edit.mp4", "vfr.mkv", "six.mkv", "silent.mp4"]


def one(path: Path, a: float, b: float, folder: Path) -> CopyWriter:
    (writer,) = truth.copied(path, build_index(path), [(a, b)], folder)
    return writer


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_clips_show_what_the_film_shows_then(films, tmp_path, name: str) -> None:
    notes: list[str] = []
    assert truth.faults_of(films[name], tmp_path, note=notes.append) == []
    assert notes == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base.mp4", "base.mkv", "base.ts", "late.mkv", "edit.mp4"])
def test_copied_sound_starts_with_the_picture(films, tmp_path, name: str) -> None:
    late = Fraction(16, 100) if name == "late.mkv" else 0
    writer = one(films[name], 2.53, 4.3, tmp_path)
    assert not writer.wants_samples
    numbers, stamps = film.numbers_of(writer.path)
    assert stamps[0] == 0
    with av.open(str(writer.path)) as clip:
        frames = list(clip.decode(audio=0))
    first, last = sample_range(writer.window, film.RATE)
    heard = np.concatenate([f.to_ndarray() for f in frames], axis=1)
    assert last - first <= heard.shape[1] < last - first + 1024
    begin = round(frames[0].pts * frames[0].time_base * film.RATE)
    meant = round((Fraction(numbers[0]) / film.FPS - late) * film.RATE) + begin
    assert abs(film.place_of(heard[0], film.RATE, film.noise(2)[0], meant) - meant) <= 2


@pytest.mark.slow
def test_sound_that_mp4_does_not_hold_becomes_aac(films, tmp_path) -> None:
    writer = one(films["six.mkv"], 2.53, 4.3, tmp_path)
    assert writer.wants_samples
    with av.open(str(writer.path)) as clip:
        assert clip.streams.audio[0].codec_context.name == "aac"
        heard = np.concatenate([f.to_ndarray() for f in clip.decode(audio=0)], axis=1)
    first, _ = sample_range(writer.window, film.RATE)
    assert abs(film.place_of(heard[2], film.RATE, film.noise(6)[2], first) - first) <= 2


def test_the_edit_list_ends_with_the_window(films, tmp_path) -> None:
    writer = one(films["base.mkv"], 2.53, 3.1, tmp_path)
    edits = read_edits(writer.path)
    length = writer.window.duration
    assert edits["vide"].duration == length
    assert abs(edits["soun"].duration - length) <= Fraction(1, film.RATE)
    assert edits["vide"].delay == edits["soun"].delay == 0
    with av.open(str(writer.path)) as clip:
        assert clip.duration / 1e6 == pytest.approx(float(length), abs=1e-3)
        assert sum(1 for p in clip.demux(video=0) if p.size) > writer.n_frames  # the run-up is there


def test_sound_that_starts_late_ends_with_the_picture(films, tmp_path) -> None:
    path = tmp_path / "late.mp4"
    film.remux(films["base.mp4"], path, sound_s=Fraction(1))
    writer = one(path, 0.5, 2.0, tmp_path)
    edits, length = read_edits(writer.path), writer.window.duration
    starts = build_index(path).audio.start
    assert starts > 0.9
    assert float(edits["soun"].delay) == pytest.approx(float(starts - writer.window.start), abs=1e-4)
    assert float(edits["soun"].delay + edits["soun"].duration) == pytest.approx(float(length), abs=1e-4)
    silent = one(path, 0.1, 0.6, tmp_path)
    assert not check_copy(silent.path).has_audio


def test_facts_can_be_read_back_from_the_clip_alone(films, tmp_path) -> None:
    writer = one(films["base.mkv"], 2.53, 3.1, tmp_path)
    facts = writer.facts
    assert (facts.codec, facts.edit_list, facts.interlaced, facts.fps) == (
        "h264",
        True,
        False,
        "24000/1001",
    )
    seen = check_clip(writer.path, facts.sha256)
    assert (seen.n_frames, seen.first_pts, seen.sha256) == (facts.n_frames, 0.0, facts.sha256)
    assert (seen.width, seen.height) == (facts.width, facts.height) == (film.WIDTH, film.HEIGHT)
    decoded = check_video(writer.path).sha256
    assert decoded != facts.sha256
    assert check_clip(writer.path, decoded).sha256 == decoded  # as earlier receipts have it
    digest = hashlib.sha256()
    with av.open(str(writer.path), options={"ignore_editlist": "1"}) as clip:
        for packet in clip.demux(video=0):
            digest.update(bytes(packet))
    assert digest.hexdigest() == facts.sha256


@pytest.mark.parametrize("name", ["base.mp4", "base.mkv", "silent.mp4"])
def test_the_tables_tell_what_libavformat_reads(films, tmp_path, name) -> None:
    path = one(films[name], 2.53, 3.9, tmp_path).path
    raw = path.read_bytes()
    tracks = read_samples(path)
    with av.open(str(path), options={"ignore_editlist": "1"}) as clip:
        assert len(tracks) == len(clip.streams)
        for stream in clip.streams:
            told = tracks["vide" if stream.type == "video" else "soun"]
            given = [(p.pts, bytes(p)) for p in clip.demux(stream) if p.size]
            clip.seek(0)
            spans = zip(told.offsets.tolist(), told.sizes.tolist(), strict=True)
            assert [data for _, data in given] == [raw[at : at + size] for at, size in spans]
            assert [pts - given[0][0] for pts, _ in given] == (told.stamps - told.stamps[0]).tolist()
            assert (told.width, told.height, told.descriptions) == (
                (film.WIDTH, film.HEIGHT, 1) if stream.type == "video" else (0, 0, 1)
            )


def test_the_pictures_are_the_films_own(films, tmp_path) -> None:
    with av.open(str(films["base.mp4"])) as given:
        own = {bytes(p) for p in given.demux(video=0) if p.size}
    writer = one(films["base.mp4"], 5.0, 5.4, tmp_path)
    with av.open(str(writer.path), options={"ignore_editlist": "1"}) as clip:
        copied = [bytes(p) for p in clip.demux(video=0) if p.size]
    assert copied
    assert own.issuperset(copied)


def test_damage_to_a_clip_is_seen(films, tmp_path) -> None:
    writer = one(films["base.mp4"], 2.0, 4.0, tmp_path)
    raw = writer.path.read_bytes()
    writer.path.write_bytes(raw[: len(raw) // 4])
    for check in (check_copy, lambda path: check_clip(path, writer.facts.sha256)):
        with pytest.raises(MediaUnreadable, match=r"not all pictures|cannot be read"):
            check(writer.path)
    writer.path.write_bytes(b"x" * 4000)
    with pytest.raises(MediaUnreadable):
        read_edits(writer.path)


@pytest.mark.slow
def test_a_clip_without_an_edit_list_has_no_end_to_set(tmp_path) -> None:
    film.write_film(tmp_path / "raw.mp4", sound=None)
    raw = (tmp_path / "raw.mp4").read_bytes().replace(b"edts", b"free")
    (tmp_path / "raw.mp4").write_bytes(raw)
    with pytest.raises(MediaUnreadable, match="no edit list"):
        set_ends(tmp_path / "raw.mp4", {"vide": Fraction(1)})
    with pytest.raises(MediaUnreadable, match="no picture with an edit list"):
        check_copy(tmp_path / "raw.mp4")


def test_lying_films_keep_their_note(films, tmp_path) -> None:
    path = turned(films["silent.mp4"], tmp_path / "lying.mp4", 90)
    writer = one(path, 1.0, 1.5, tmp_path)
    with av.open(str(writer.path)) as clip:
        assert next(clip.decode(video=0)).rotation == -90


def test_films_without_display_times_are_refused(films, tmp_path) -> None:
    index = build_index(films["packed.avi"])
    assert "undecoded" in (copy_refusal(index) or "")
    with pytest.raises(MediaUnreadable, match="undecoded"):
        CopyWriter(tmp_path / "x.mp4", index, snap(index, 1.0, 2.0))
    assert copy_refusal(build_index(films["base.ts"])) is None


def test_another_file_and_an_abandoned_clip(films, tmp_path) -> None:
    index = build_index(films["vfr.mkv"])
    writer = CopyWriter(tmp_path / "x.mp4", index, snap(index, 3.0, 5.0))
    with pytest.raises(MediaUnreadable, match="not finished"):
        _ = writer.facts
    with pytest.raises(MediaUnreadable, match="not the one that was indexed"):
        list(copy_clips(films["base.mkv"], index, [writer]))
    writer.abandon()
    assert not writer.path.exists()


def test_a_clip_is_the_same_alone_and_among_others(films, tmp_path) -> None:
    index = build_index(films["base.ts"])
    spans = [(1.0, 2.2), (2.2, 3.0), (2.0, 4.0), (0.0, 7.9)]
    for name in ("all", "one"):
        (tmp_path / name).mkdir()
    together = truth.copied(films["base.ts"], index, spans, tmp_path / "all")
    facts = {w.path.name: (w.facts, w.path.read_bytes()) for w in together}
    for n, span in enumerate(spans):
        (alone,) = truth.copied(films["base.ts"], index, [span], tmp_path / "one")
        assert (alone.facts, alone.path.read_bytes()) == facts[f"{n}.mp4"]


def test_one_bad_clip_costs_no_other(films, tmp_path, monkeypatch) -> None:
    """Clips overlap: the writer that fails stands in the loop that feeds the others."""
    put = CopyWriter.put_picture

    def refusing(self, number, packet) -> None:
        if self.path.name == "1.mp4":
            raise av.error.ArgumentError(22, "Invalid argument")
        put(self, number, packet)

    monkeypatch.setattr(CopyWriter, "put_picture", refusing)
    found = {}
    requests = [ClipRequest(k, 1.0 + k / 2, 3.0 + k / 2, None, tmp_path / f"{k}.mp4") for k in range(3)]
    path = films["base.mp4"]
    cut_media(
        path, requests, index=build_index(path), on_clip=lambda r: found.update({r.key: r}), lossless=True
    )
    assert [found[k].error_code for k in range(3)] == [None, "not_copyable", None]
    assert not (tmp_path / "1.mp4").exists()
