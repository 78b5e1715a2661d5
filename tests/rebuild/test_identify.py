from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.read import iter_dialogues, load_titles
from mmdia.rebuild import identify
from mmdia.rebuild.candidate import Candidate, Matches
from mmdia.rebuild.identify import (
    Identified,
    identify_files,
    refused_files,
    with_identified,
)
from mmdia.rebuild.source import FolderSource
from mmdia.sync.evidence import Wanted
from mmdia.sync.identify import Catalogue
from mmdia.sync.identify import identify as sync_identify
from tests.rebuild.conftest import rebuild, receipts
from tests.rebuild.copies import copy_of, release_of
from tests.sync.films import cut, film, moved

FILMS = {f"t{k}": film(k, 60) for k in range(8)}
ASK = partial(identify_files, wanted=Wanted(mode="text"))  # nobody listens to silence


def catalogue_of(handle: ReleaseHandle) -> Catalogue:
    return Catalogue.of(handle.path, load_titles(handle), iter_dialogues(handle))


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = release_of(tmp_path_factory.mktemp("r") / "release", FILMS | {"empty": ()})
    handle = open_release(folder)
    made = catalogue_of(handle)
    assert len(made.titles) == len(FILMS)  # a title without lines is left out
    return made


@pytest.mark.slow
def test_the_right_film_is_found_when_its_name_says_nothing(tmp_path: Path, catalogue: Any) -> None:
    copy_of(tmp_path / "VTS_01.wav", moved(FILMS["t3"], 12.0))
    copy_of(tmp_path / "x.wav", cut(moved(FILMS["t5"], 0, 0.96), 60, 90), seed=1)
    copy_of(tmp_path / "stranger.wav", film(99, 60), seed=2)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    seen: list[tuple[int, int, str]] = []
    files = ["VTS_01.wav", "x.wav", "stranger.wav", "broken.wav", "away.wav"]
    found = ASK(files, FolderSource(tmp_path), catalogue, on_file=lambda *a: seen.append(a))
    assert {t: (c.path, c.how) for t, c in found.found.items()} == {
        "t3": ("VTS_01.wav", "identify"),
        "t5": ("x.wav", "identify"),
    }
    assert all(c.evidence for c in found.found.values())
    assert found.unknown == ("stranger.wav",)
    assert set(found.errors) == {"broken.wav", "away.wav"}
    assert seen[1] == (1, 5, "x.wav")


def test_a_second_run_asks_about_what_is_new_only(
    tmp_path: Path, catalogue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = sync_identify

    def count(media: str, *args: Any, **more: Any) -> Any:
        asked.append(media)
        return real(media, *args, **more)

    monkeypatch.setattr(identify, "identify", count)
    source, cache = FolderSource(tmp_path / "films"), tmp_path / "cache"
    copy_of(tmp_path / "films" / "a.wav", moved(FILMS["t3"], 12.0))
    first = ASK(["a.wav"], source, catalogue, cache=cache)
    (tmp_path / "films" / "a.wav").rename(tmp_path / "films" / "b.wav")
    (tmp_path / "films" / "a.srt").rename(tmp_path / "films" / "b.srt")
    again = ASK(["b.wav"], source, catalogue, cache=cache)
    assert asked == ["a.wav"]
    assert (first.found["t3"].path, again.found["t3"].path) == ("a.wav", "b.wav")
    copy_of(tmp_path / "films" / "b.wav", moved(FILMS["t4"], 12.0))
    assert list(ASK(["b.wav"], source, catalogue, cache=cache).found) == ["t4"]
    for kept in (cache / "identified").iterdir():
        kept.write_text("{")
    ASK(["b.wav"], source, catalogue, cache=cache)
    assert asked == ["a.wav", "b.wav", "b.wav"]


def test_a_doubt_is_listed_and_not_guessed(tmp_path: Path) -> None:
    folder = release_of(tmp_path / "release", {"one": FILMS["t1"], "two": moved(FILMS["t1"], 3.0)})
    handle = open_release(folder)
    copy_of(tmp_path / "x.wav", FILMS["t1"])
    found = ASK(["x.wav"], FolderSource(tmp_path), catalogue_of(handle))
    assert found.found == {}
    assert {f: sorted(t) for f, t in found.unsure.items()} == {"x.wav": ["one", "two"]}


def test_two_episodes_in_one_file_are_both_found(tmp_path: Path, catalogue: Any) -> None:
    second = moved(FILMS["t2"], FILMS["t1"][-1].end_s + 20)
    copy_of(tmp_path / "x.wav", [*FILMS["t1"], *second], 700)
    found = ASK(["x.wav"], FolderSource(tmp_path), catalogue)
    assert set(found.found) == {"t1", "t2"}


def test_of_two_copies_one_comes_first(tmp_path: Path, catalogue: Any) -> None:
    copy_of(tmp_path / "a.wav", moved(FILMS["t1"], 3.0))
    copy_of(tmp_path / "b.wav", moved(FILMS["t1"], 5.0), seed=1)
    found = ASK(["b.wav", "a.wav"], FolderSource(tmp_path), catalogue)
    assert found.found["t1"].path == "a.wav"
    assert [c.path for c in found.copies["t1"]] == ["b.wav"]


def test_what_was_found_comes_after_what_is_named() -> None:
    named, new, more = Candidate("named", "name"), Candidate("new", "identify"), Candidate("m", "identify")
    mapped = Candidate("mapped", "map")
    before = Matches({"a": (named,), "b": (mapped,)}, ("new", "m", "x", "u"), {"q": ("a", "b")})
    after = with_identified(
        before,
        Identified(
            {"a": new, "b": new, "c": Candidate("q", "identify")}, {"a": (more,)}, {"u": ("a", "b")}
        ),
    )
    assert after.by_title == {"a": (named, new, more), "b": (mapped,), "c": (Candidate("q", "identify"),)}
    assert after.unmatched == ("x",)
    assert after.ambiguous == {"u": ("a", "b")}


def test_refused_files_of_an_earlier_run_may_be_another_title(tmp_path: Path) -> None:
    assert refused_files(tmp_path) == ()
    rows = [
        {
            "files": [
                {"path": "a", "verdict": "wrong_film"},
                {"path": "b", "verdict": "speed", "chosen": True},
            ]
        },
        {"files": [{"path": "b", "verdict": "wrong_film"}, {"path": "c", "verdict": "identity"}]},
        {"files": None},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows) + "[]\n{broken\n"
    (tmp_path / "titles.jsonl").write_text(text)
    assert refused_files(tmp_path) == ("a",)


@pytest.mark.slow
def test_a_rebuild_cuts_from_the_right_film_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmdia.rebuild.identify.Wanted", partial(Wanted, mode="text"))
    monkeypatch.setattr("mmdia.rebuild.candidates.Wanted", partial(Wanted, mode="text"))
    films = {"t1": film(1, 20), "t2": film(2, 20)}
    release = release_of(tmp_path / "release", films)
    copy_of(tmp_path / "films" / "t1.wav", moved(films["t2"], 3.0), 120)  # named wrongly
    copy_of(tmp_path / "films" / "VTS_01.wav", moved(films["t1"], 2.0), 120, seed=1)
    rebuild(tmp_path / "films", tmp_path / "out", release, identify=True)
    rows = receipts(tmp_path / "out")
    assert {r["media"]["path"] for r in rows.values() if r["title_id"] == "t1"} == {"VTS_01.wav"}
    title = next(t for t in _titles(tmp_path / "out") if t["title_id"] == "t1")
    told = {f["path"]: (f["how"], f["chosen"], bool(f["matched_by"])) for f in title["files"]}
    assert told == {"t1.wav": ("id", False, True), "VTS_01.wav": ("identify", True, True)}
    # The file that was refused under another title's name is found in the same call.
    assert {r["media"]["path"] for r in rows.values() if r["title_id"] == "t2"} == {"t1.wav"}
    assert all(r["status"] == "built" for r in rows.values())


def _titles(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "titles.jsonl").read_text("utf-8").splitlines()]
