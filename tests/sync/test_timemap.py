from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.align.result import Alignment
from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues, load_titles
from mmdia.errors import AlignmentError, MediaNotFound, SubtitleError, UsageError
from mmdia.pages.alignment import alignment_page
from mmdia.schema.cue import Cue
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.time import TimeMap
from mmdia.schema.title import Title
from mmdia.subtitles.read import parse_subtitles, read_subtitles
from mmdia.subtitles.write import write_srt
from mmdia.sync import timemap
from mmdia.sync.annotation import AnnotationTrack, LineRef, track_of_file, track_of_title
from mmdia.sync.evidence import Evidence, gather
from mmdia.sync.retime import retimed_srt
from mmdia.sync.timemap import AlignParams, identity_map, map_key, read_timemap, solve
from tests.sync.films import film

RELEASE = demo_release()
SRT = RELEASE / "subtitles" / "mmdia_demo_01.srt"


def shifted(cues: tuple[Cue, ...], ms: int) -> tuple[Cue, ...]:
    return tuple(replace(c, start_ms=c.start_ms + ms, end_ms=c.end_ms + ms) for c in cues)


def title_track() -> AnnotationTrack:
    handle = open_release(RELEASE)
    title = load_titles(handle)["mmdia_demo_01"]
    return track_of_title(RELEASE, title, [d for d in iter_dialogues(handle) if d.title_id])


def write(path: Path, cues: tuple[Cue, ...]) -> Path:
    path.write_text(write_srt(cues), "utf-8")
    return path


@pytest.mark.parametrize(("film_s", "ends_s"), [(None, 90), (150.0, 140), (500.0, None), (20.0, 90)])
def test_a_map_ends_with_the_film_or_the_last_line(
    tmp_path: Path, film_s: float | None, ends_s: float | None
) -> None:
    """Nothing lies beyond the end of a film; where that is not known, nothing is known past its lines."""
    cues = tuple(c for c in film(3, 40) if c.end_ms < 90_000)
    cues = (*cues[:-1], replace(cues[-1], end_ms=90_000))
    media = write(tmp_path / "copy.srt", shifted(cues, 10_000))
    evidence = tuple(replace(e, film_s=film_s) for e in gather(media))
    made = solve(track_of_file(write(tmp_path / "a.srt", cues)), evidence, media="copy")
    assert made.verdict == "translation"
    end = made.segments[-1].anno_end
    assert end == pytest.approx(ends_s) if ends_s is not None else 90 < end < 490


@settings(max_examples=12, deadline=None)
@given(
    times=st.lists(st.tuples(st.integers(0, 400_000), st.integers(-9_000, 9_000)), min_size=1, max_size=30),
    policy=st.sampled_from(["default", "paper"]),
)
def test_cues_at_any_times_have_an_answer_that_can_be_written_and_shown(times, policy) -> None:
    """Out of order, equal, running backwards, from clocks that start over: a map, or an error of ours."""
    said = [c.text for c in film(4, 30)]
    cues = tuple(Cue(at, max(0, at + n), said[k]) for k, (at, n) in enumerate(times))
    lines = tuple(LineRef(c.start_ms, c.end_ms, text=c.text) for c in cues)
    track = AnnotationTrack(cues, lines, "a.srt", None, "a", lines_are_cues=True)
    media = Evidence("given", "b.srt", shifted(cues, 7_000)[::-1], None, "b")
    made = solve(track, (media,), media="b.srt", params=AlignParams(policy=policy))
    assert len(made.lines) == len(times)
    assert made.time_map().to_rows() == [s.model_dump() for s in made.segments]
    assert retimed_srt(track, made)[0]
    assert "</html>" in alignment_page(made, texts=said)


def test_few_lines_are_told_in_one_sentence_with_their_number(tmp_path: Path) -> None:
    cues = film(3)[:5]
    media = write(tmp_path / "copy.srt", shifted(cues, 2_000))
    made = solve(track_of_file(write(tmp_path / "a.srt", cues)), gather(media), media="copy")
    assert (made.verdict, made.accepted, made.undecided) == ("translation", True, False)
    assert made.sentences() == (("few_anchors", made.needs_review[0].detail),)
    assert made.needs_review[0].detail.startswith("not enough lines to tell (5): add subtitles")
    other = write(tmp_path / "other.srt", film(9)[:3])
    none = solve(track_of_file(write(tmp_path / "b.srt", cues)), gather(other), media="copy")
    assert (none.verdict, none.undecided) == ("wrong_film", True)
    assert none.sentences()[0][1].startswith("not enough lines to tell (3): ")


def test_a_title_is_aligned_by_its_whole_subtitle_and_reported_by_turns(tmp_path: Path) -> None:
    track = title_track()
    cues = read_subtitles(SRT).cues
    assert track.cues == cues
    assert len(track.lines) == 47
    media = write(tmp_path / "copy.srt", shifted(cues, 12_000))
    made = solve(track, gather(media), media="copy")
    assert (made.verdict, made.accepted) == ("translation", True)
    assert len(made.lines) == 47
    first = made.lines[0]
    assert (first.dialogue_id, first.turn) == (track.lines[0].dialogue_id, 0)
    for row, line in zip(made.lines, track.lines, strict=True):
        assert row.present
        assert row.start == pytest.approx(line.start_ms / 1000 + 12, abs=0.002)
        assert row.end == pytest.approx(line.end_ms / 1000 + 12, abs=0.002)


def test_turns_stand_in_for_a_subtitle_that_the_release_lacks(tmp_path: Path) -> None:
    turns = tuple(
        Turn(speakers=("a",), start_ms=1000 * i, end_ms=1000 * i + 900, text=f"w{i}") for i in range(9)
    )
    one = Dialogue(dialogue_id="d1", title_id="t", turns=turns[:6])
    two = Dialogue(dialogue_id="d2", title_id="t", turns=turns[4:])
    track = track_of_title(tmp_path, Title(title_id="t"), [one, two])
    assert [c.text for c in track.cues] == [f"w{i}" for i in range(9)]
    assert len(track.lines) == 11
    with pytest.raises(AlignmentError):
        track_of_title(
            tmp_path, Title(title_id="t"), [Dialogue(dialogue_id="x", turns=(Turn(speakers=()),))]
        )


def test_a_wrong_film_keeps_numbers_for_every_line(tmp_path: Path) -> None:
    other = RELEASE.parent / "other" / "other.srt"
    made = solve(title_track(), gather(other), media="other")
    assert made.verdict == "wrong_film"
    assert not made.accepted
    assert made.segments == ()
    assert len(made.lines) == 47
    assert not any(row.present for row in made.lines)
    assert all(row.start == row.start for row in made.lines)


def test_a_map_below_the_wanted_confidence_is_refused(tmp_path: Path) -> None:
    made = solve(title_track(), gather(SRT), media="x", params=AlignParams(min_confidence=1.0))
    assert made.accepted == (made.confidence >= 1.0)
    with pytest.raises(UsageError):
        AlignParams(min_confidence=1.01)


@pytest.mark.slow
def test_maps_are_cached_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cues = read_subtitles(SRT).cues
    media = write(tmp_path / "copy.srt", shifted(cues, 5_000))
    cache = tmp_path / "map.json"
    calls = []
    real = timemap.align

    def counted(*args: object, **more: object) -> Alignment:
        calls.append(1)
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(timemap, "align", counted)
    track = title_track()
    first = solve(track, gather(media), media="copy", cached=cache)
    assert solve(track, gather(media), media="copy", cached=cache) == first
    assert len(calls) == 1
    write(media, shifted(cues, 6_000))
    second = solve(track, gather(media), media="copy", cached=cache)
    assert len(calls) == 2
    assert second.segments[0].offset == pytest.approx(6.0, abs=0.002)
    cache.write_text("{ torn")
    assert solve(track, gather(media), media="copy", cached=cache) == second


def test_files_follow_the_contract(tmp_path: Path) -> None:
    cache = tmp_path / "map.json"
    made = solve(title_track(), gather(SRT), media="copy", cached=cache)
    document = json.loads(cache.read_text())
    assert document["schema"] == "mmdia.timemap/1"
    assert {"verdict", "confidence", "scale", "scale_ratio", "segments", "lines", "discrepancy", "evidence",
            "reasons"} <= set(document)  # fmt: skip
    assert set(document["segments"][0]) >= {"anno_start", "anno_end", "scale", "offset", "confidence"}
    assert set(document["lines"][0]) >= {
        "i",
        "start",
        "end",
        "present",
        "confidence",
        "dialogue_id",
        "turn",
    }
    assert set(document["discrepancy"]) == {"anno_time", "start", "duration"}
    assert read_timemap(cache) == made
    assert made.time_map().apply(50.0) == pytest.approx(50.0, abs=1e-6)


def test_no_subtitles_is_a_refusal_with_its_reason(tmp_path: Path) -> None:
    made = solve(title_track(), (), media="silent.mp4")
    assert (made.verdict, made.accepted, made.reasons) == ("wrong_film", False, ("no_evidence",))
    assert len(made.lines) == 47


def test_the_second_evidence_is_tried_when_the_first_is_refused(tmp_path: Path) -> None:
    wrong = gather(RELEASE.parent / "other" / "other.srt")
    made = solve(title_track(), wrong + gather(SRT), media="x")
    assert made.verdict == "identity"
    assert solve(title_track(), wrong, media="x").verdict == "wrong_film"


def test_identity_vouches_for_any_time() -> None:
    made = identity_map(title_track(), "film.mp4")
    assert made.time_map().apply(123.4) == 123.4
    assert made.accepted


def test_evidence_prefers_the_language_and_skips_descriptions(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"")
    body = "1\n00:00:01,000 --> 00:00:02,000\nhello\n"
    for name in ("film.de.srt", "film.en.srt", "film.fr.srt"):
        (tmp_path / name).write_text(body)
    (tmp_path / "film.en.vtt").write_text(
        "WEBVTT\nKind: descriptions\n\n00:01.000 --> 00:02.000\nA door opens.\n"
    )
    (tmp_path / "film.it.srt").write_bytes(b"\x00\x01garbage")
    from mmdia.sync import evidence

    beside = [e for e in map(evidence._sidecar, evidence.find_sidecars(film)) if e is not None]
    ranked = evidence._language_first(beside, "fr-FR")
    assert Path(ranked[0].name).name == "film.fr.srt"
    assert "film.en.vtt" not in {Path(e.name).name for e in ranked}


def test_bad_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        gather(tmp_path / "none.srt")
    with pytest.raises(SubtitleError):
        track_of_file(tmp_path / "none.srt")
    (tmp_path / "empty.srt").write_text("")
    with pytest.raises(AlignmentError):
        track_of_file(tmp_path / "empty.srt")


def test_retimed_subtitles_keep_every_cue(tmp_path: Path) -> None:
    track = track_of_file(SRT)
    cues = read_subtitles(SRT).cues
    later = solve(track, gather(write(tmp_path / "a.srt", shifted(cues, 2_500))), media="a")
    text, clamped = retimed_srt(track, later)
    again = parse_subtitles(text, format="srt").cues
    assert clamped == 0
    assert [(c.start_ms, c.end_ms, c.text) for c in again] == [
        (c.start_ms + 2500, c.end_ms + 2500, c.text) for c in cues
    ]
    cut = replace_map(later, TimeMap.affine(1.0, -10.0))
    text, clamped = retimed_srt(track, cut)
    assert len(parse_subtitles(text, format="srt").cues) == len(cues)
    assert clamped > 0


def replace_map(document: timemap.TimeMapFile, time_map: TimeMap) -> timemap.TimeMapFile:
    lines = [
        row.model_copy(update={"start": row.start - 12.5, "end": row.end - 12.5}) for row in document.lines
    ]
    return document.model_copy(update={"lines": tuple(lines)})


def test_a_map_is_of_its_languages_and_its_options() -> None:
    """A cached map is never one that other languages or options made."""
    track, (found, *_), params = title_track(), gather(SRT), AlignParams()
    keys = [
        map_key(track, found, params),
        map_key(replace(track, language="xx"), found, params),
        map_key(track, replace(found, language="xx"), params),
        map_key(track, replace(found, digest="xx"), params),
        map_key(replace(track, digest="xx"), found, params),
        map_key(track, found, replace(params, mode="timing")),
        map_key(track, found, replace(params, policy="paper")),
        map_key(track, found, replace(params, min_confidence=0.6)),
        map_key(track, found, params, ("image_subtitles",)),
    ]
    assert len(set(keys)) == len(keys)
