from __future__ import annotations

import json
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import UsageError
from mmdia.media.probe import AudioStream, MediaInfo, SubtitleStream
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue
from mmdia.schema.fingerprint import Fingerprint, SoundBands
from mmdia.sync import evidence
from mmdia.sync.annotation import track_of_file
from mmdia.sync.evidence import Wanted, collect
from mmdia.sync.hearing import Sound, part_of, silenced, strip
from mmdia.sync.timemap import AlignParams, listen_to, solve
from tests.sync.films import film, moved, write

FILM = film(1, 60)


def info(*, sound: bool = True, pictures: bool = False) -> MediaInfo:
    from fractions import Fraction

    audio = (AudioStream(1, 0, "aac", 48000, 2, "stereo", None, None, True, False),) if sound else ()
    track = SubtitleStream(2, "hdmv_pgs_subtitle", False, "en", None, True, False, False)
    return MediaInfo(
        Path("film.mkv"), "matroska", 60.0, Fraction(0), 1, (), audio, (track,) if pictures else (), None
    )


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file that looks like a film with the tracks asked for."""
    path = tmp_path / "film.mkv"
    path.write_bytes(b"")

    def make(**tracks: bool) -> Path:
        monkeypatch.setattr(evidence, "probe", lambda _: info(**tracks))
        return path

    return make


def heard(cues: tuple[Cue, ...]) -> Activity:
    n = int(cues[-1].end_s * 20) + 200
    speech = array("f", bytes(4 * n))
    for c in cues:
        for k in range(int(c.start_s * 20), int(c.end_s * 20)):
            speech[k] = 0.95
    return Activity(0.0, 0.05, speech, "test")


def kinds(media: Path, **wanted: Any) -> list[str]:
    return [e.kind for e in collect(media, Wanted(**wanted)).evidences]


def test_subtitles_come_before_sound(copy: Any, tmp_path: Path) -> None:
    media = copy()
    assert kinds(media) == ["audio"]
    write(tmp_path / "film.en.srt", FILM)
    assert kinds(media) == ["sidecar", "audio"]
    assert kinds(media, mode="text") == ["sidecar"]
    assert kinds(media, mode="timing") == ["sidecar"]
    assert kinds(media, mode="audio") == ["audio"]
    assert kinds(media, mode="fingerprint") == ["audio"]


def test_what_the_user_names_is_all_that_counts(copy: Any, tmp_path: Path) -> None:
    media = copy()
    write(tmp_path / "film.en.srt", FILM)
    named = write(tmp_path / "named.srt", FILM)
    assert kinds(media, subs=named) == ["given"]
    words = tmp_path / "words.json"
    said = [{"word": w, "start": c.start_s, "end": c.end_s} for c in FILM for w in c.text.split()]
    words.write_text(json.dumps({"segments": [{"start": 0, "end": 9, "text": "x", "words": said}]}))
    assert kinds(media, words=words) == ["words"]


def test_picture_subtitles_are_named_as_such(copy: Any, tmp_path: Path) -> None:
    found = collect(copy(sound=False, pictures=True), Wanted())
    assert (found.evidences, found.missing) == ((), ("no_subtitles", "image_subtitles", "no_audio"))
    track = track_of_file(write(tmp_path / "a.srt", FILM))
    made = solve(track, (), media="film.mkv", missing=found.missing)
    assert made.reasons == ("no_evidence", "no_subtitles", "image_subtitles", "no_audio")
    assert len(made.lines) == len(FILM)


def test_picture_subtitles_as_a_file_count_too(copy: Any, tmp_path: Path) -> None:
    media = copy(sound=False)
    assert "image_subtitles" not in collect(media, Wanted()).missing
    (tmp_path / "film.sup").write_bytes(b"PG")
    assert "image_subtitles" in collect(media, Wanted()).missing


def test_sound_stands_in_and_is_named(copy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media = copy(pictures=True)
    listened = []

    def activity(sound: Sound) -> Activity:
        listened.append(sound.detector)
        return heard(moved(FILM, 5.0))

    monkeypatch.setattr(Sound, "activity", activity)
    monkeypatch.setattr(Sound, "digest", property(lambda s: s.detector))
    track = track_of_file(write(tmp_path / "a.srt", FILM))
    found = collect(media, Wanted(vad="webrtc"))
    made = solve(track, found.evidences, media="film.mkv", missing=found.missing)
    assert (made.verdict, made.accepted) == ("translation", True)
    assert made.segments[0].offset == pytest.approx(5.0, abs=0.2)
    assert (made.evidence["kind"], made.evidence["detector"]) == ("audio", "test")
    assert "image_subtitles" in made.reasons
    assert listened == ["webrtc"]
    speech = made.evidence["speech"]
    assert isinstance(speech, dict)
    assert len(speech["share"]) <= 240  # type: ignore[arg-type]


def test_sound_is_asked_when_the_subtitles_are_of_another_film(
    copy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = copy()
    write(tmp_path / "film.srt", film(9, 60))
    monkeypatch.setattr(Sound, "activity", lambda _: heard(moved(FILM, 5.0)))
    monkeypatch.setattr(Sound, "digest", property(lambda s: "d"))
    track = track_of_file(write(tmp_path / "a.srt", FILM))
    made = solve(track, collect(media, Wanted()).evidences, media="film.mkv")
    assert (made.evidence["kind"], made.verdict) == ("audio", "translation")


def test_nobody_listens_where_subtitles_settle_it(
    copy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: Sound) -> Activity:
        raise AssertionError("listened")

    monkeypatch.setattr(Sound, "activity", never)
    monkeypatch.setattr(Sound, "bands", never)
    write(tmp_path / "film.srt", moved(FILM, 3.0))
    track = track_of_file(write(tmp_path / "a.srt", FILM))
    made = solve(track, collect(copy(), Wanted()).evidences, media="film.mkv")
    assert made.evidence["kind"] == "sidecar"


def test_a_fingerprint_is_wanted_but_there_is_none(copy: Any, tmp_path: Path) -> None:
    track = track_of_file(write(tmp_path / "a.srt", FILM))
    found = collect(copy(), Wanted(mode="fingerprint"))
    made = solve(track, found.evidences, media="x", params=AlignParams("fingerprint"))
    assert made.reasons == ("no_evidence", "no_fingerprint")


@pytest.mark.parametrize("more", [{"mode": "audio"}, {"mode": "fingerprint"}, {"asr": "sphinx"}])
def test_a_subtitle_has_no_sound(tmp_path: Path, more: dict[str, Any]) -> None:
    media = write(tmp_path / "a.srt", FILM)
    with pytest.raises(UsageError, match="no sound"):
        collect(media, Wanted(**more))


def test_a_part_of_a_file_is_heard_alone() -> None:
    whole = Activity(10.0, 0.5, array("f", [1.0] * 20), "test")
    part = silenced(whole, 12_000, 15_000)
    assert list(part.probability) == [0.0] * 4 + [1.0] * 6 + [0.0] * 10
    assert silenced(whole, None, None).probability == whole.probability
    assert sum(silenced(whole, 99_000, None).probability) == 0
    one = evidence.Evidence("sidecar", "x", FILM, None, "d")
    assert one.within(None, None) is one
    few = one.within(20_000, 40_000)
    assert all(c.end_ms > 20_000 and c.start_ms < 40_000 for c in few.cues)
    assert few.digest != one.digest
    assert replace(few, cues=()).tells is False


def test_a_part_of_a_file_is_all_that_a_fingerprint_is_looked_for_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bands = SoundBands(bytes(range(40)), 2, 0.5, 10.0, 100.0, "m")
    few = part_of(bands, 12_000, 15_000)
    assert (few.start_s, few.count, few.levels) == (12.0, 6, bytes(range(8, 20)))
    assert part_of(bands, None, 12_100).count == 5
    assert part_of(bands, None, None) is bands
    assert part_of(bands, 99_000, None).count == 0
    monkeypatch.setattr(Sound, "bands", lambda _: bands)
    printed = Fingerprint(b"", 4, 0.032, 0.0, "m")
    track = replace(track_of_file(write(tmp_path / "a.srt", FILM)), fingerprint=printed)
    one = evidence.Evidence("sidecar", "x", FILM, None, "d", Sound(Path("x.mkv")))
    assert listen_to(track, one, "auto").fingerprints == (printed, bands)
    assert listen_to(track, one.within(12_000, 15_000), "auto").fingerprints == (printed, few)
    assert listen_to(track, one, "text").fingerprints is None
    assert listen_to(track, one.within(99_000, None), "auto").fingerprints is None


def test_the_strip_of_speech_keeps_the_mean() -> None:
    act = Activity(0.0, 0.03, array("f", [1.0] * 500 + [0.0] * 500), "test")
    made = strip(act)
    share = made["share"]
    assert isinstance(share, list)
    assert sum(share) / len(share) == pytest.approx(0.5, abs=0.02)  # type: ignore[arg-type]
    assert len(share) * float(made["step_s"]) == pytest.approx(30.0, rel=0.05)  # type: ignore[arg-type]
    assert strip(Activity(0.0, 0.03, array("f"), "test"))["share"] == []
