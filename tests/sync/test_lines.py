"""Turns of a title beside the cues of its subtitle, and what makes a map stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mmdia.align.result import ReviewItem
from mmdia.align.solve import align
from mmdia.pages.alignment import alignment_page
from mmdia.schema.cue import Cue, Mark, Word
from mmdia.schema.title import Title
from mmdia.sync import timemap
from mmdia.sync.annotation import AnnotationTrack, LineRef, track_of_file, track_of_title
from mmdia.sync.evidence import _of
from mmdia.sync.retime import retimed_srt
from mmdia.sync.timemap import AlignParams, map_key, solve
from tests.sync.films import film, moved, write

FILM = film(1, 60)


def review_of(track: AnnotationTrack, monkeypatch: pytest.MonkeyPatch, *cues: int) -> tuple[int, ...]:
    """The lines of a review row about some cues of the annotation."""

    def doubted(*args: object, **more: object) -> object:
        found = align(*args, **more)  # type: ignore[arg-type]
        item = ReviewItem("edit_place_unsure", 0.0, 1.0, cues, "look")
        return replace(found, needs_review=(item,))

    with monkeypatch.context() as patched:
        patched.setattr(timemap, "align", doubted)
        made = solve(track, (_of("given", "m", FILM, "en"),), media="m")
    return made.needs_review[0].lines


def test_a_review_names_turns_in_disk_order(monkeypatch: pytest.MonkeyPatch) -> None:
    backwards = [LineRef(c.start_ms, c.end_ms, "d", i, c.text) for i, c in enumerate(reversed(FILM))]
    track = AnnotationTrack(FILM, tuple(backwards), "r::t", "en", "x")
    assert review_of(track, monkeypatch, 10, 11, 40) == (19, 48, 49)
    assert review_of(track, monkeypatch) == ()
    # Half of the cues have no turn; one turn is two cues long.
    few = (
        LineRef(FILM[3].start_ms, FILM[4].end_ms, "d", 0),
        LineRef(FILM[8].start_ms, FILM[8].end_ms, "d", 1),
    )
    track = replace(track, lines=few)
    assert review_of(track, monkeypatch, 4) == (0,)
    assert review_of(track, monkeypatch, 5, 6, 7) == ()
    assert review_of(track, monkeypatch, 3, 4, 5, 6, 7, 8) == (0, 1)


def test_a_review_of_a_subtitle_file_names_its_cues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = track_of_file(write(tmp_path / "a.srt", FILM))
    assert track.lines_are_cues
    assert review_of(track, monkeypatch, 10, 11, 40) == (10, 11, 40)


def test_a_title_whose_turns_have_no_times_is_aligned_all_the_same(tmp_path: Path) -> None:
    write(tmp_path / "subtitles" / "t.srt", FILM)
    track = track_of_title(tmp_path, Title(title_id="t"), [])
    assert (track.lines, track.lines_are_cues) == ((), False)
    made = solve(track, (_of("given", "m", moved(FILM, 4.0), "en"),), media="m")
    assert (made.verdict, made.lines) == ("translation", ())
    assert made.segments[0].offset == pytest.approx(4.0, abs=0.01)
    assert retimed_srt(track, made)[0].count("-->") == len(FILM)
    assert "<svg" in alignment_page(made, texts=[])


def test_whatever_the_solver_reads_of_a_cue_makes_another_map(tmp_path: Path) -> None:
    plain = Cue(0, 5000, "one two")
    early = replace(plain, words=(Word(0.0, 1.0, "one"), Word(1.0, 2.0, "two")))
    late = replace(plain, words=(Word(0.0, 1.0, "one"), Word(4.0, 5.0, "two")))
    withheld, music = Cue(0, 5000, ""), Cue(0, 5000, "", raw_text="[music]")
    marked = Cue(0, 5000, "", marks=(Mark("music", "[music]"),))
    digests = [_of("given", "m", (c,), "en").digest for c in (plain, early, late, withheld, music)]
    assert len(set(digests)) == 5
    assert _of("given", "m", (marked,), "en").digest == digests[4]  # read alike
    one = tmp_path / "a.vtt"
    keys = []
    for moment in ("00:01.000", "00:02.000"):
        one.write_text(f"WEBVTT\n\n00:00.000 --> 00:05.000\n<00:00.000>one <{moment}>two\n")
        track = track_of_file(one)
        assert track.cues[0].words
        keys.append(track.digest)
    assert keys[0] != keys[1]


def test_what_was_sought_in_vain_is_part_of_the_key(tmp_path: Path) -> None:
    track = track_of_file(write(tmp_path / "a.srt", FILM))
    evidence = _of("given", "m", FILM, "en")
    keys = {map_key(track, evidence, AlignParams(), m) for m in ((), ("image_subtitles",), ("no_audio",))}
    assert len(keys) == 3
