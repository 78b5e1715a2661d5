from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mmdia.rebuild import candidates
from mmdia.rebuild.candidate import Candidate
from mmdia.rebuild.candidates import Findings, choose, examine
from mmdia.rebuild.config import ClipParams, TitleJob
from mmdia.rebuild.length import judge_length
from mmdia.rebuild.source import FolderSource
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.title import Title
from mmdia.sync.annotation import track_of_title
from mmdia.sync.evidence import Wanted
from mmdia.sync.timemap import read_timemap
from tests.rebuild.copies import copy_of, dialogues_of
from tests.sync.films import cut, film, moved

FILM = film(3, 60)
TITLE = Title(title_id="t", language="en")


def look(folder: Path, paths: list[str | Candidate], title: Title = TITLE, **more: Any) -> Findings:
    dialogues = [Dialogue.from_row(row) for row in dialogues_of("t", FILM)]
    job = TitleJob(
        title=title.to_row(),
        dialogues=(),
        candidates=tuple(p if isinstance(p, Candidate) else Candidate(p, "name") for p in paths),
        release=str(folder),
        annotation_version="1",
        media_dir=str(folder),
        out=str(folder / "out"),
        clip=ClipParams(),
        names={},
        title_name="t",
        previous={},
        timemap=more.pop("timemap", "align"),
        policy="default",
        min_confidence=0.5,
        cache=str(folder / "cache" / "media-index"),
        **more,
    )
    track = track_of_title(folder, title, dialogues)
    return examine(job, track, title, FolderSource(folder))


def chosen(found: Findings) -> list[str]:
    return [c.candidate.path for c in choose(found)]


def test_the_better_map_wins_and_the_other_says_why_not(tmp_path: Path) -> None:
    copy_of(tmp_path / "cut.wav", cut(FILM, 40, 90))
    copy_of(tmp_path / "moved.wav", moved(FILM, 7.0), seed=1)
    found = look(tmp_path, ["cut.wav", "moved.wav"])
    assert chosen(found) == ["moved.wav"]
    loser = found.copies[0]
    assert not loser.chosen
    assert loser.map_file.accepted
    assert loser.why_not is not None
    assert "60 in the other" in loser.why_not
    kept = read_timemap(tmp_path / "out" / "timemaps" / "t.json")
    assert kept is not None
    assert (kept, found.copies[1].map_path) == (found.copies[1].map_file, "timemaps/t.json")


@pytest.mark.slow
def test_a_wrong_film_is_refused_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "Wanted", partial(Wanted, mode="text"))  # nobody listens to silence
    copy_of(tmp_path / "named.wav", film(9, 60))
    copy_of(tmp_path / "right.wav", FILM, seed=1)
    best = Candidate("named.wav", "id", rank=6, evidence=("id tt0000001 in the file's name",))
    found = look(tmp_path, [best, Candidate("right.wav", "identify", rank=2)])
    assert chosen(found) == ["right.wav"]
    assert found.copies[0].why_not is not None
    assert "wrong_film" in found.copies[0].why_not
    assert choose(look(tmp_path, [best])) == []


def test_nothing_is_aligned_after_the_annotated_copy_itself(tmp_path: Path) -> None:
    copy_of(tmp_path / "same.wav", FILM)
    found = look(tmp_path, ["same.wav", "never-there.wav"])
    assert chosen(found) == ["same.wav"]
    assert found.copies[0].map_file.verdict == "identity"
    assert found.reasons == []
    assert found.messages == ["1 more files were not looked at"]


def test_enough_is_enough(tmp_path: Path) -> None:
    names = [f"c{k}.wav" for k in range(candidates.ENOUGH + 2)]
    for k, name in enumerate(names):
        copy_of(tmp_path / name, moved(FILM, 1.0 + k), seed=k)
    found = look(tmp_path, list(names))
    assert len(found.copies) == candidates.ENOUGH
    assert chosen(found) == ["c0.wav"]
    assert found.copies[1].why_not == "it is as good; the other came first"


def test_the_same_content_is_aligned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_of(tmp_path / "a.wav", moved(FILM, 3.0))
    copy_of(tmp_path / "b.wav", moved(FILM, 3.0))
    asked = []
    solve = candidates.solve

    def count(*args: Any, **more: Any) -> Any:
        asked.append(more["media"])
        return solve(*args, **more)

    monkeypatch.setattr(candidates, "solve", count)
    found = look(tmp_path, ["a.wav", "b.wav"])
    assert asked == ["a.wav"]
    assert (chosen(found), found.copies[1].why_not) == (["a.wav"], "the same content as a.wav")


def test_length_is_evidence_and_breaks_ties(tmp_path: Path) -> None:
    copy_of(tmp_path / "long.wav", moved(FILM, 3.0), 330.0)
    copy_of(tmp_path / "right.wav", moved(FILM, 3.0), 310.0, seed=1)
    title = TITLE.model_copy(update={"duration_ms": 310_300})
    found = look(tmp_path, ["long.wav", "right.wav"], title)
    assert chosen(found) == ["right.wav"]
    assert found.copies[1].duration_s == pytest.approx(310.0, abs=0.01)
    assert any("the length agrees" in e for e in found.copies[1].candidate.evidence)
    assert found.copies[0].why_not is not None
    assert "length" in found.copies[0].why_not


@pytest.mark.parametrize(
    ("duration_s", "fit", "says"),
    [(5400.4, 2, "agrees within"), (5400 * 24 / 25, 1, "PAL"), (5400 * 24 / 25.025, 1, "PAL"),
     (5405.4, 1, "1001/1000"), (5500.0, 0, "another cut"), (300.0, -1, "much shorter"), (None, 0, "")],
)  # fmt: skip
def test_lengths(duration_s: float | None, fit: int, says: str) -> None:
    judged = judge_length(duration_s, 5_400_000)
    assert judged.fit == fit
    assert says in judged.says
    assert judge_length(duration_s, None).fit == 0


def test_parts_against_a_whole_copy(tmp_path: Path) -> None:
    middle = FILM[30].start_ms
    one = [c for c in FILM if c.start_ms < middle]
    two = moved([c for c in FILM if c.start_ms >= middle], -middle / 1000)
    copy_of(tmp_path / "cd1.wav", one, middle / 1000, seed=1)
    copy_of(tmp_path / "cd2.wav", two, 180, seed=2)
    copy_of(tmp_path / "whole.wav", moved(cut(FILM, 40, 90), 2.0), seed=3)
    parts: list[str | Candidate] = [Candidate("cd1.wav", "name", 1), Candidate("cd2.wav", "name", 2)]
    found = look(tmp_path, [Candidate("whole.wav", "name"), *parts])
    assert chosen(found) == ["cd1.wav", "cd2.wav"]
    assert found.copies[0].why_not == "the parts are better"
    assert [c.present for c in choose(found)] == [30, 30]
    ends = [c.time_map.segments[-1].anno_end for c in choose(found)]
    assert ends[0] == pytest.approx(middle / 1000, abs=0.1)  # what lies behind is in the next part
    copy_of(tmp_path / "whole.wav", moved(FILM, 2.0), seed=4)
    found = look(tmp_path, [Candidate("whole.wav", "name"), *parts])
    assert chosen(found) == ["whole.wav"]
    assert found.copies[1].why_not == "the whole copy is better"


def test_a_copy_with_the_right_sound_is_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_of(tmp_path / "dub.wav", moved(FILM, 3.0))
    copy_of(tmp_path / "original.wav", moved(FILM, 3.0), seed=1)
    probe = candidates.probe

    def tagged(path: Path) -> Any:
        info = probe(path)
        language = "ger" if path.stem == "dub" else "eng"
        return replace(info, audio=tuple(replace(a, language=language) for a in info.audio))

    monkeypatch.setattr(candidates, "probe", tagged)
    found = look(tmp_path, ["dub.wav", "original.wav"])
    assert chosen(found) == ["original.wav"]
    assert found.copies[0].why_not == "it lacks the sound that is wanted"


def test_what_cannot_be_opened_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    copy_of(tmp_path / "right.wav", moved(FILM, 3.0))
    found = look(tmp_path, ["broken.wav", "away.wav", "right.wav"])
    assert chosen(found) == ["right.wav"]
    assert sorted(found.reasons) == ["invalid_media", "missing_media"]


def test_words_beside_the_film_are_used(tmp_path: Path) -> None:
    import json

    copy_of(tmp_path / "film.wav", None)
    said = [{"word": c.text, "start": c.start_s + 4, "end": c.end_s + 4} for c in FILM]
    (tmp_path / "film.words.json").write_text(json.dumps(said))
    found = look(tmp_path, ["film.wav"])
    assert chosen(found) == ["film.wav"]
    assert found.copies[0].map_file.evidence["kind"] == "words"
    assert found.copies[0].map_file.segments[0].offset == pytest.approx(4.0, abs=0.2)


def test_a_second_look_uses_the_maps_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_of(tmp_path / "cut.wav", cut(FILM, 40, 90))
    copy_of(tmp_path / "moved.wav", moved(FILM, 7.0), seed=1)
    first = look(tmp_path, ["cut.wav", "moved.wav"])

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("aligned again")

    monkeypatch.setattr("mmdia.sync.timemap.align", never)
    again = look(tmp_path, ["cut.wav", "moved.wav"])
    assert [c.map_file for c in again.copies] == [c.map_file for c in first.copies]


def test_parts_of_the_annotated_copy_follow_each_other(tmp_path: Path) -> None:
    for k, seconds in enumerate((100.0, 80.0, 90.0), 1):
        copy_of(tmp_path / f"cd{k}.wav", None, seconds, seed=k)
    parts: list[str | Candidate] = [Candidate(f"cd{k}.wav", "name", k) for k in (1, 2, 3)]
    found = look(tmp_path, parts, timemap="identity")
    spans = [(c.time_map.segments[0].anno_start, c.time_map.segments[-1].anno_end) for c in choose(found)]
    assert spans == [pytest.approx(s, abs=0.01) for s in ((0, 100), (100, 180), (180, 270))]
    assert [c.map_file.segments[0].offset for c in found.copies] == [0.0, -100.0, -180.0]
    (tmp_path / "cd2.wav").write_bytes(b"")
    found = look(tmp_path, parts, timemap="identity")
    assert chosen(found) == ["cd1.wav"]
    assert "no_timemap" in found.reasons  # nobody knows where the third begins


@pytest.mark.parametrize(
    ("starts", "offset"), [((0.5, 100.4), -99.9), ((0.5, 0.5), -100.0), ((0.5, 50.0), None)]
)
def test_the_clock_of_a_dvd_says_where_a_part_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starts: tuple[float, float], offset: float | None
) -> None:
    for k in (1, 2):
        copy_of(tmp_path / f"cd{k}.wav", None, 100.0, seed=k)
    probe = candidates.probe

    def late(path: Path) -> Any:
        return replace(probe(path), start_s=Fraction(str(starts[int(path.stem[-1]) - 1])))

    monkeypatch.setattr(candidates, "probe", late)
    found = look(tmp_path, [Candidate(f"cd{k}.wav", "name", k) for k in (1, 2)], timemap="identity")
    offsets = [c.map_file.segments[0].offset for c in found.copies[1:]]
    assert offsets == ([] if offset is None else [pytest.approx(offset)])
