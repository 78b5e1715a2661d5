"""A published folder that somebody changed is never sent; what was taken back is in no track."""

from __future__ import annotations

import base64
import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmdia.corpus.locate import demo_release, open_release
from mmdia.errors import ReleaseError
from mmdia.release.checksums import CHECKSUMS
from mmdia.release.install import install
from mmdia.release.publish import publish
from mmdia.release.publish_signs import in_pieces, in_text
from mmdia.release.upload import _check
from mmdia.store.digest import file_sha256

pytest.importorskip("jinja2")

B64 = base64.b64encode(b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(900)).decode()


def listed(folder: Path, name: str) -> None:
    path = folder / CHECKSUMS
    document = json.loads(path.read_text("utf-8"))
    file = folder / name
    document["files"][name] = {"bytes": file.stat().st_size, "sha256": file_sha256(file)}
    path.write_text(json.dumps(document), "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clips/a.parquet", "clips/a-00000-of-00001.parquet", "notes/film.bin"])
def test_a_file_put_into_a_publication_is_refused(tmp_path: Path, name: str) -> None:
    handle = open_release(demo_release())
    made = publish(handle, tmp_path / "out")
    _check(made)
    foreign = tmp_path / "out" / name
    foreign.parent.mkdir()
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"dialogue_id": ["a"], "audio": [b"fLaC" + bytes(99)]}), foreign)
    else:
        foreign.write_bytes(b"film")
    listed(tmp_path / "out", name)
    with pytest.raises(ReleaseError):
        again = publish(handle, tmp_path / "out")
        _check(again)


@pytest.mark.slow
def test_words_that_were_taken_back_are_in_no_track(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(demo_release(), folder)
    gone = "mmdia_demo_01_clip_001"
    words = "I keep the things that people forget."
    track = folder / "subtitles" / "mmdia_demo_01.srt"
    assert words in track.read_text("utf-8")
    (folder / "withdrawn.jsonl").write_text(json.dumps({"dialogue_id": gone}) + "\n", "utf-8")
    publish(open_release(folder), tmp_path / "out")
    cut = (tmp_path / "out" / "subtitles" / "mmdia_demo_01.srt").read_text("utf-8")
    assert words not in cut
    assert 0 < cut.count(" --> ") < track.read_text("utf-8").count(" --> ")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file() and path.suffix in {".json", ".jsonl", ".srt", ".md", ".svg"}:
            assert words not in path.read_text("utf-8"), path.name


@pytest.mark.slow
def test_an_added_track_is_refused_and_an_added_withdrawal_is_honoured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    made = publish(open_release(demo_release()), tmp_path / "out").path
    (made / "withdrawn.jsonl").write_text('{"dialogue_id":"mmdia_demo_01_clip_001"}\n', "utf-8")
    assert install(made).withdrawn == 1
    (made / "subtitles" / "other.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHm.\n", "utf-8")
    with pytest.raises(ReleaseError, match=r"not as checksums\.json says"):
        install(made)


@pytest.mark.parametrize(
    "hidden",
    [
        {"description": " ".join(B64[i : i + 40] for i in range(0, len(B64), 40))},
        {"description": "She says: data:;base64,AAAA"},
        {"xvec": [0.25] * 192},
        {"description": "One word. " + "\n".join(B64[i : i + 52] for i in range(0, len(B64), 52))},
        {"description": " ".join(f"{i / 7:.3f}" for i in range(192))},
        {"description": str([i * 3 for i in range(192)])},
        {"xvec": [B64[i : i + 60] for i in range(0, len(B64), 60)]},
        {"turns": [{"speakers": ["a"], "text": B64[i : i + 60]} for i in range(0, len(B64), 60)]},
    ],
)
def test_more_ways_to_hide_media(tmp_path: Path, hidden: dict[str, object]) -> None:
    folder = tmp_path / "release"
    shutil.copytree(demo_release(), folder)
    lines = (folder / "dialogues.jsonl").read_text("utf-8").splitlines()
    row = {**json.loads(lines[0]), **hidden}
    (folder / "dialogues.jsonl").write_text("\n".join([json.dumps(row), *lines[1:]]) + "\n", "utf-8")
    with pytest.raises(ReleaseError):
        publish(open_release(folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_base64_in_the_cues_of_a_subtitle_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(demo_release(), folder)
    lines = [B64[i : i + 50] for i in range(0, len(B64), 50)]
    cues = [f"{i + 1}\n00:00:{i:02},000 --> 00:00:{i:02},900\n{line}\n" for i, line in enumerate(lines)]
    (folder / "subtitles" / "mmdia_demo_01.srt").write_text("\n".join(cues), "utf-8")
    with pytest.raises(ReleaseError, match="embedded bytes"):
        publish(open_release(folder), tmp_path / "out")


def test_names_words_and_digits_in_lists_are_not_taken_for_media() -> None:
    plain = random.Random(5)
    lists = [
        [f"{plain.getrandbits(128):032x}" for _ in range(200)],
        [f"tt{plain.randrange(10**7):07}_S01E{i:02}_dia{i:04}" for i in range(200)],
        ["Donaudampfschifffahrtsgesellschaft", "Antidisestablishmentarianism"] * 100,
        ["Workplace_Colleagues_Friendly", "TV-14_Drama_Comedy_2004"] * 60,
    ]
    for texts in lists:
        assert in_pieces(texts) is None
    assert in_text("One, two, 3, 4, 5! " * 100 + "1" * 400 + " " + " ".join(["1984"] * 60)) is None


@pytest.mark.slow
def test_long_digits_are_searched_in_time_that_grows_with_their_length() -> None:
    assert in_text(" ".join((["9" * 50] * 63 + ["x"]) * 40)) is None
    assert in_text("1" * 200_000) is not None


def test_prose_is_not_taken_for_media() -> None:
    prose = "THE LAST UMBRELLA. In 1984 Nora (32) said: I keep the things that people forget! " * 20
    assert in_text(prose) is None


def test_a_fingerprint_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(demo_release(), folder)
    (folder / "fingerprints").mkdir(exist_ok=True)
    (folder / "fingerprints" / "mmdia_demo_01.mmfp").write_bytes(b"MMFP" + random.Random(0).randbytes(3000))
    with pytest.raises(ReleaseError):
        publish(open_release(folder), tmp_path / "out")


def test_a_withdrawn_dialogue_without_times_keeps_its_title_from_having_a_track(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    turn = {"speakers": ["a"], "text": "Secret."}
    rows = [{"dialogue_id": "a", "title_id": "T", "turns": [turn]}, {"dialogue_id": "b", "turns": [turn]}]
    (folder / "release.json").write_text('{"schema":"mmdia.release/1","name":"n","version":"1"}', "utf-8")
    (folder / "titles.jsonl").write_text('{"title_id":"T"}\n', "utf-8")
    (folder / "dialogues.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    (folder / "withdrawn.jsonl").write_text('{"dialogue_id":"a"}\n', "utf-8")
    (folder / "subtitles").mkdir()
    (folder / "subtitles" / "T.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nSecret.\n", "utf-8")
    for was_there in (False, True):
        done = publish(open_release(folder), tmp_path / "out", text_license="CC0-1.0")
        assert done.was_there is was_there
        assert done.left_out == ("subtitles/T.srt: it may hold words of a withdrawn dialogue",)
        assert not (done.path / "subtitles" / "T.srt").exists()
