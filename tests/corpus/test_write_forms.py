"""Both forms of a release hold the same; side files come along; memory does not grow with the rows."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import ReleaseHandle, open_release, release_files
from mmdia.corpus.read import iter_dialogues, iter_scenes, load_titles, withdrawals
from mmdia.corpus.spool import Spool
from mmdia.corpus.write import copy_side_files, write_release
from mmdia.errors import ReleaseError
from mmdia.schema.dialogue import Dialogue, Score, Turn
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.title import Title

HEAD = Release(name="n", version="1")


def dialogue(i: int, title: str | None = "t", **keys: Any) -> Dialogue:
    turn = Turn(start_ms=i, end_ms=i + 5, speakers=("x",), text=f"line {i}", extra='{"zz": [1]}')
    return Dialogue(
        dialogue_id=f"d{i}",
        title_id=title,
        start_ms=i,
        end_ms=i + 5,
        turns=(turn,),
        **{"extra": None, **keys},
    )


@pytest.mark.slow
def test_parquet_has_the_rows_of_each_split_in_order(tmp_path: Path) -> None:
    splits = ["train"] * 20 + ["test", None, "dev", "validation"]
    rows = [dialogue(i, split=s, extra='{"w": {"deep": 1}}') for i, s in enumerate(splits)]
    scenes = [Scene(title_id="t", scene_id="1", start_ms=0, end_ms=9)]
    handle = write_release(
        tmp_path, HEAD, [Title(title_id="t")], reversed(rows), scenes=scenes,
        withdrawn=[Withdrawal(dialogue_id="d3")], form="parquet", shards={"train": 8},
    )  # fmt: skip
    names = [p.name for p in release_files(handle).dialogues]
    assert len([n for n in names if n.startswith("train-0")]) == 8
    assert [n for n in names if not n.startswith("train")] == [
        "test-00000-of-00001.parquet", "unsplit-00000-of-00001.parquet",
        "validation-00000-of-00001.parquet",
    ]  # fmt: skip
    back = list(iter_dialogues(handle, keep_withdrawn=True))
    assert sorted(back, key=lambda d: d.start_ms or 0) == rows
    starts = [d.start_ms for d in back if d.split == "train"]
    assert starts == sorted(starts)  # type: ignore[type-var]
    assert withdrawals(handle).dialogues == {"d3"}
    assert list(iter_scenes(handle)) == scenes
    assert open_release(tmp_path) == handle
    write_release(tmp_path, HEAD, [], rows[:1], form="parquet")  # replaces, with fewer shards
    assert [d.dialogue_id for d in iter_dialogues(open_release(tmp_path))] == ["d0"]
    with pytest.raises(ReleaseError, match="Parquet tables"):
        write_release(tmp_path, HEAD, [], [])


def test_an_empty_release_is_one_in_both_forms(tmp_path: Path) -> None:
    for form in ("jsonl", "parquet"):
        handle = write_release(tmp_path / form, HEAD, [], [], form=form)
        assert list(iter_dialogues(open_release(handle.path))) == []


def test_json_tables_are_not_written_beside(tmp_path: Path) -> None:
    write_release(tmp_path, HEAD, [], [dialogue(0)])
    with pytest.raises(ReleaseError, match="JSONL tables"):
        write_release(tmp_path, HEAD, [], [], form="parquet")


def test_a_release_can_be_rewritten_from_itself(tmp_path: Path) -> None:
    handle = write_release(tmp_path, HEAD, [Title(title_id="t")], [dialogue(i) for i in range(50)])
    kept = (d for d in iter_dialogues(handle) if (d.start_ms or 0) % 2)
    again = write_release(tmp_path, HEAD, load_titles(handle).values(), kept)
    assert again.head.counts is not None
    assert again.head.counts.dialogues == 25
    assert len(list(iter_dialogues(again))) == 25


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (dialogue(0, emotion_intensity=float("nan")), "emotion_intensity"),
        (dialogue(0, scores=(Score(dimension="d", value=float("inf")),)), r"scores\[0\].value"),
        (dialogue(0, summary="\ud800"), "surrogate"),
        (dialogue(0, extra='{"zz": "\\ud800"}'), "surrogate"),
        (dialogue(0, extra='{"zz": NaN}'), "finite"),
        (dialogue(0, extra="[]"), "cannot be written"),
    ],
)
def test_what_json_cannot_hold_is_refused(tmp_path: Path, row: Dialogue, why: str) -> None:
    with pytest.raises(ReleaseError, match=why):
        write_release(tmp_path, HEAD, [], [row])
    assert not (tmp_path / "release.json").exists()


def test_integers_beyond_64_bits_fit_json_only(tmp_path: Path) -> None:
    row = dialogue(2**70)
    handle = write_release(tmp_path / "j", HEAD, [], [row])
    assert list(iter_dialogues(handle)) == [row]
    with pytest.raises(ReleaseError, match="fits into no Parquet table"):
        write_release(tmp_path / "p", HEAD, [], [row], form="parquet")


def test_spool_orders_rows_whatever_their_order(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        for name, title, start in [
            ("a", "z", 1),
            ("b", None, 0),
            ("c", "b", 2),
            ("d", "b", 2),
            ("e", "b", -1),
        ]:
            spool.add(name, title, start, name)
        assert b"".join(spool.lines(spool.order())) == b"e\nc\nd\na\nb\n"
        with pytest.raises(ReleaseError, match="share one identifier"):
            spool.add("a", None, 0, "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_rows_wait_on_disk(tmp_path: Path) -> None:
    """3,000 dialogues of 4 kB: 12 MB of rows, of which memory must hold a small part."""

    def many() -> Iterator[Dialogue]:
        for i in range(3000):
            yield dialogue(3000 - i, summary="x" * 4000)

    tracemalloc.start()
    write_release(tmp_path, HEAD, [], many())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 << 20


@pytest.fixture
def furnished(tmp_path: Path) -> ReleaseHandle:
    titles = [Title(title_id=t) for t in ("a", "b", "A b", "a B", "gone")]
    handle = write_release(tmp_path / "from", HEAD, titles, [], withdrawn=[Withdrawal(title_id="gone")])
    files = {
        "subtitles": ["a.srt", "b.srt", "gone.srt", "other.srt", ".hidden.srt"],
        "fingerprints": ["a.mmfp", "gone.mmfp"],
        ".": ["README.md", "LICENSE", "film.mkv"],
    }
    for folder, names in files.items():
        (handle.path / folder).mkdir(exist_ok=True)
        for name in names:
            (handle.path / folder / name).write_text(name)
    (tmp_path / "secret").write_text("secret")
    (handle.path / "NOTICE").symlink_to(tmp_path / "secret")
    return handle


def test_side_files_of_all_titles(furnished: ReleaseHandle, tmp_path: Path) -> None:
    written = copy_side_files(furnished, tmp_path / "to")
    assert [p.relative_to(tmp_path / "to").as_posix() for p in written] == [
        "LICENSE", "README.md", "fingerprints/a.mmfp", "subtitles/a.srt", "subtitles/b.srt",
        "subtitles/other.srt",
    ]  # fmt: skip
    assert (tmp_path / "to" / "subtitles" / "a.srt").read_text() == "a.srt"
    assert copy_side_files(furnished, furnished.path) == []


def test_side_files_of_some_titles(furnished: ReleaseHandle, tmp_path: Path) -> None:
    written = copy_side_files(furnished, tmp_path / "to", ["b", "gone"])
    assert [p.name for p in written] == ["LICENSE", "README.md", "b.srt"]


def test_side_files_are_renamed_where_a_collision_ends(furnished: ReleaseHandle, tmp_path: Path) -> None:
    from mmdia.schema.names import safe_names

    hashed = safe_names(["A b", "a B"])["A b"]
    assert hashed != "A~20b"
    (furnished.path / "subtitles" / f"{hashed}.srt").write_text("x")
    copy_side_files(furnished, tmp_path / "to", ["A b"])
    assert (tmp_path / "to" / "subtitles" / "A~20b.srt").read_text() == "x"
