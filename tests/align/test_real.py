"""Real subtitles of open films: releases, languages, an edited cut, and pairs that do not belong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmdia.align.result import Mode
from mmdia.align.solve import align
from mmdia.schema.cue import Cue

Read = Callable[[Path], list[Cue]]


@pytest.fixture(scope="module")
def tracks(shared_data: Path, read: Read) -> dict[str, list[Cue]]:
    folder = shared_data / "subs"
    if not folder.is_dir():
        pytest.skip("real subtitles not found")
    names = {
        "dream": "elephants_dream/videojs.en.vtt",
        "dream_b": "elephants_dream/gpac.en.vtt",
        "dream_de": "elephants_dream/gpac.de.vtt",
        "dream_ru": "elephants_dream/videojs.ru.vtt",
        "dream_ja": "elephants_dream/videojs.ja.vtt",
        "dream_sv": "elephants_dream/videojs.sv.vtt",
        "sintel": "sintel/official.en.srt",
        "sintel_30": "sintel/plus30s.en.srt",
        "sintel_cut": "sintel/short52s.en.vtt",
        "deadline": "deadline/deadline.en.vtt",
        "deadline_es": "deadline/deadline.es.vtt",
    }
    return {name: read(folder / file) for name, file in names.items()}


def test_two_releases_differ_by_a_frame(tracks: dict[str, list[Cue]]) -> None:
    result = align(tracks["dream"], tracks["dream_b"])
    assert result.verdict == "translation"
    assert result.scale == 1.0
    assert result.time_map.segments[0].offset == pytest.approx(0.054, abs=0.012)
    assert result.evidence["residual_mad_s"] < 0.03  # type: ignore[operator]
    assert result.confidence > 0.99
    assert align(tracks["dream"], tracks["dream_b"], policy="paper").accepted


@pytest.mark.slow
@pytest.mark.parametrize("other", ["dream_de", "dream_ru", "dream_ja", "dream_sv"])
def test_other_languages_are_aligned_by_timing(tracks: dict[str, list[Cue]], other: str) -> None:
    result = align(tracks["dream"], tracks[other])
    assert result.accepted
    assert result.evidence["mode"] == "timing"
    assert len(result.time_map.segments) == 1
    assert abs(result.time_map.segments[0].offset) < 0.5


def test_thirty_seconds_are_thirty_seconds(tracks: dict[str, list[Cue]]) -> None:
    result = align(tracks["sintel"], tracks["sintel_30"])
    assert result.verdict == "translation"
    assert result.time_map.segments[0].offset == 30.0
    assert result.time_map.segments[0].scale == 1.0


def test_the_edited_cut_is_two_pieces(tracks: dict[str, list[Cue]]) -> None:
    result = align(tracks["sintel"], tracks["sintel_cut"])
    assert result.verdict == "segments"
    assert [s.offset for s in result.time_map.segments] == pytest.approx([-89.0, -90.0], abs=0.005)
    left, right = result.time_map.segments
    assert right.anno_start - left.anno_end == pytest.approx(1.0, abs=0.01)
    assert result.lines[1].start_s == pytest.approx(22.8, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "timing"])
@pytest.mark.parametrize(
    ("annotation", "media"),
    [
        ("sintel", "dream"),
        ("dream", "sintel"),
        ("deadline", "sintel"),
        ("sintel_cut", "dream_de"),
        ("deadline_es", "sintel_cut"),
        ("dream_de", "deadline"),
    ],
)
def test_films_that_do_not_belong_are_refused(
    tracks: dict[str, list[Cue]], annotation: str, media: str, mode: Mode
) -> None:
    result = align(tracks[annotation], tracks[media], mode=mode)
    assert result.verdict == "wrong_film"
    assert not result.accepted
    assert result.confidence < 0.2
    assert len(result.lines) == len(tracks[annotation])


@pytest.mark.slow
def test_a_clip_of_six_seconds(tracks: dict[str, list[Cue]], shared_data: Path, read: Read) -> None:
    clip = read(shared_data / "clips" / "friday" / "friday.vtt")
    same = align(clip, read(shared_data / "clips" / "friday" / "friday.plain.vtt"))
    assert same.verdict == "identity"
    assert (same.accepted, same.reasons) == (True, ("few_anchors",))
    for other in ("deadline", "sintel", "dream"):
        assert align(clip, tracks[other][:5]).verdict == "wrong_film"
        assert align(clip, tracks[other]).verdict == "wrong_film"
