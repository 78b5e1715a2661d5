"""Lazy clips: the same frames and samples from clips and from films; datasets of every kind.

Shows that four complaints about other datasets do not hold here: a decoder that does not load
(2: tests/media/test_readers.py), no choice of backend (3), no decoding of a stretch (4), slow
construction of decoders and files that cross forks (9).
"""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import datasets
import numpy as np
import pytest

import mmdia
from mmdia.corpus.locate import demo_release
from mmdia.errors import MediaUnreadable, UsageError, WindowOutside
from mmdia.media.audio import pcm_sha256
from mmdia.media.reader_pool import pool, set_open_limit
from mmdia.rebuild.attach import clip_views
from mmdia.rebuild.attach_rows import receipt_rows
from mmdia.rebuild.config import ClipParams, RebuildConfig
from mmdia.rebuild.run import run_rebuild

FILMS = demo_release().parent / "media"
FIRST = "mmdia_demo_01_clip_001"


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rebuild of the demo film, small pictures."""
    place = tmp_path_factory.mktemp("attach") / "out"
    clip = ClipParams(profile="video", height=90, channels="mono")
    run_rebuild(RebuildConfig(FILMS, place, None, clip=clip, jobs=0))
    return place


@pytest.fixture
def rows() -> datasets.Dataset:
    return datasets.Dataset.from_dict({"dialogue_id": [FIRST, "demo script A.1", "nobody"], "n": [0, 1, 2]})


@pytest.mark.slow
def test_film_and_clip_give_the_same_frames_and_samples(out: Path) -> None:
    clips, films = clip_views(out), clip_views(out, films=FILMS, source="film")
    located = clip_views(FILMS)
    receipts = receipt_rows(out)
    for name in (FIRST, "mmdia_demo_01_clip_005"):
        clip, film, found = clips[name], films[name], located[name]
        assert (clip.source, film.source, found.source) == ("clip", "film", "film")
        for view in (clip, film, found):
            assert pcm_sha256(view.audio().pcm) == receipts[name].audio.sha256
        shown, cut = clip.frames(), film.frames()
        assert len(shown) == receipts[name].video.n_frames
        assert shown.rgb.shape == cut.rgb.shape
        assert np.abs(shown.times_s - cut.times_s).max() < 2e-9
        assert np.abs(shown.rgb.astype(int) - cut.rgb).mean() < 3  # but for what encoding lost
        assert np.array_equal(found.frames().times_s, cut.times_s)


@pytest.mark.slow
def test_stretches_are_slices_of_the_whole(out: Path) -> None:
    for views in (clip_views(out), clip_views(out, films=FILMS, source="film")):
        view = views[FIRST]
        sound, frames = view.audio(), view.frames()
        part = view.part(1.0, 2.5)
        assert np.array_equal(part.audio().samples, sound.samples[:, 24_000:60_000])
        assert np.array_equal(view.audio(1.0, 2.5).samples, part.audio().samples)
        assert part.audio(0.5).samples.shape[1] == 24_000
        got = part.frames()
        first = int(np.searchsorted(frames.times_s, 1.001, "right")) - 1
        assert np.array_equal(got.rgb, frames.rgb[first : first + len(got)])
        assert got.times_s[0] <= 0.001
        assert np.array_equal(view.frame_at(1.0), frames.rgb[first])
        picked = view.frames(times=[2.0, 0.0, 2.0])
        assert np.array_equal(picked.rgb[0], picked.rgb[2])
        assert np.array_equal(picked.rgb[1], frames.rgb[0])
        turn = view.turn(0)
        assert turn.audio().samples.shape[1] == pytest.approx((turn.end_s - turn.start_s) * 24_000, abs=1)
        assert view.turn_frame(0).shape == frames.rgb.shape[1:]
        with pytest.raises(WindowOutside):
            view.frame_at(999)
        with pytest.raises(UsageError):
            view.part(3, 2)
        with pytest.raises(UsageError, match="no such turn"):
            view.turn(99)


@pytest.mark.slow
def test_backends_agree(out: Path) -> None:
    due = clip_views(out)[FIRST].part(1.0, 1.5)
    for name in ("av", "soundfile", "decord"):
        view = clip_views(out, backend=name)[FIRST].part(1.0, 1.5)
        assert np.array_equal(view.audio().samples, due.audio().samples)
        assert np.abs(view.frames().rgb.astype(int) - due.frames().rgb).max() <= 3


@pytest.mark.slow
def test_datasets_of_every_kind(out: Path, rows: datasets.Dataset) -> None:
    def check(got: list[dict]) -> None:
        assert [row["n"] for row in got] == [0, 1, 2]
        assert got[0]["media"].dialogue_id == FIRST
        assert [row["media"] is None for row in got] == [False, True, True]
        assert [row["media_reasons"] for row in got] == [[], ["no_media"], ["no_receipt"]]

    attached = mmdia.attach_media(rows, out)
    check([attached[k] for k in range(3)])
    check(list(attached))
    assert "media" not in rows[0]
    check(list(mmdia.attach_media(datasets.DatasetDict(train=rows), out)["train"]))
    check(list(mmdia.attach_media(rows.to_iterable_dataset(num_shards=2), out)))
    again = mmdia.attach_media(attached, out, column="sound", decode="audio")[0]
    assert again["media"].dialogue_id == FIRST
    assert again["sound"]["sampling_rate"] == 24_000
    assert again["sound"]["array"].ndim == 1
    assert mmdia.attach_media(rows, out, decode=lambda view: len(view.turns))[0]["media"] > 0
    assert attached.select([2, 0])[1]["media"].dialogue_id == FIRST


def test_arguments_that_do_not_go_together(tmp_path: Path, rows: datasets.Dataset) -> None:
    (tmp_path / "receipt.jsonl").write_text("")
    with pytest.raises(UsageError, match="films="):
        mmdia.attach_media(rows, tmp_path, source="film")
    with pytest.raises(UsageError, match="no such backend"):
        mmdia.attach_media(rows, tmp_path, backend="vlc")
    with pytest.raises(UsageError, match="such a column"):
        mmdia.attach_media(rows, tmp_path, column="n")
    with pytest.raises(UsageError, match="no dialogue_id"):
        mmdia.attach_media(rows.remove_columns("dialogue_id"), tmp_path)
    with pytest.raises(UsageError, match="format numpy"):
        mmdia.attach_media(rows.with_format("numpy"), tmp_path)
    with pytest.raises(UsageError, match="no dataset"):
        mmdia.attach_media([1], tmp_path)


def test_the_next_usual_call_keeps_the_media_or_says_why_not(
    tmp_path: Path, rows: datasets.Dataset
) -> None:
    (tmp_path / "receipt.jsonl").write_text("")
    plain = mmdia.attach_media(rows, tmp_path, decode=lambda view: view)
    for attached in (plain, plain.select([2, 0, 1]), plain.shuffle(seed=1), plain.filter(lambda r: r["n"])):
        assert list(attached["media"]) == [None] * len(attached)
        assert attached["media_reasons"][0] == ["no_receipt"]
        assert len(attached["media"]) == len(attached["n"])
        assert [r["media"] for r in attached.to_iterable_dataset()] == [None] * len(attached)
        for lost in (
            lambda ds=attached: ds.with_format("numpy"),
            lambda ds=attached: ds.set_format("pandas"),
            lambda ds=attached: ds.with_transform(lambda batch: batch),
        ):
            with pytest.raises(UsageError, match="collate_fn"):
                lost()
        with pytest.raises(UsageError, match="attach_media again"):
            attached.save_to_disk(tmp_path / "saved")
        without = attached.with_format(None)
        assert "media" not in without[0]
        without.save_to_disk(tmp_path / "saved")
        assert list(datasets.load_from_disk(tmp_path / "saved")["n"]) == list(attached["n"])
        assert without.with_format("numpy")[0]["n"] == attached[0]["n"]
    assert plain.map(lambda row: {"m": row["n"] + 1}, remove_columns=["n"])["m"][2] == 3
    both = mmdia.attach_media(plain, tmp_path, column="sound", decode="audio")
    assert list(both["media"]) == list(both["sound"]) == [None] * 3
    with pytest.raises(ValueError, match="nothing"):
        both["nothing"]
    picklable = mmdia.attach_media(rows, tmp_path)
    assert list(pickle.loads(pickle.dumps(picklable))["media"]) == [None] * 3


@pytest.mark.slow
def test_what_is_missing_is_none_with_its_reason(out: Path, tmp_path: Path, rows: datasets.Dataset) -> None:
    place, films = tmp_path / "out", tmp_path / "films"
    shutil.copytree(out, place)
    films.mkdir()
    attached = mmdia.attach_media(rows, place, films=films)
    assert attached[0]["media"].source == "clip"
    for flac in place.rglob("*.flac"):
        flac.unlink()
    assert (attached[0]["media"], attached[0]["media_reasons"]) == (None, ["film_gone"])
    assert mmdia.attach_media(rows, place)[0]["media_reasons"] == ["clip_gone"]
    film = next(FILMS.glob("*.mp4"))
    (films / film.name).write_bytes(film.read_bytes()[:-1])
    assert attached[0]["media_reasons"] == ["film_changed"]
    content = bytearray(film.read_bytes())
    content[len(content) // 2] ^= 1
    (films / film.name).write_bytes(content)  # of the same size: found when it is read
    with pytest.raises(MediaUnreadable, match="not the file"):
        attached[0]["media"].audio()
    shutil.copy(film, films / film.name)  # adding the film needs no new dataset
    assert attached[0]["media"].source == "film"
    assert attached[0]["media"].audio().rate == 24_000


@pytest.mark.slow
def test_a_receipt_of_others_leads_nowhere_else(out: Path, tmp_path: Path) -> None:
    row = json.loads((out / "receipt.jsonl").read_text().splitlines()[0])
    secret = tmp_path / "secret.mp4"
    shutil.copy(next(FILMS.glob("*.mp4")), secret)
    place, films = tmp_path / "theirs", tmp_path / "films"
    place.mkdir()
    films.mkdir()
    for named in ("../secret.mp4", str(secret)):
        row["media"]["path"], row["audio"], row["video"] = named, None, None
        (place / "receipt.jsonl").write_text(json.dumps(row) + "\n")
        assert clip_views(place, films=films).look(row["dialogue_id"]) == (None, ("film_gone",))


@pytest.mark.slow
def test_open_files_are_few_and_used_again(out: Path) -> None:
    set_open_limit(2)
    try:
        views = clip_views(out, films=FILMS, source="film")
        built = [view for view in views.values() if view is not None]
        for _ in range(2):
            for view in built:
                view.audio(0, 0.1)
                view.frame_at(0.5)
        assert pool().opened == 2  # the film's sound and its picture, for all clips
        assert pool().reused == 4 * len(built) - 2
        for view in [v for v in clip_views(out).values() if v is not None]:
            view.audio(0, 0.1)
        assert len(pool()) == 2
    finally:
        set_open_limit(8)


def test_views_pickle(tmp_path: Path) -> None:
    (tmp_path / "receipt.jsonl").write_text("")
    views = clip_views(tmp_path)
    assert pickle.loads(pickle.dumps(views)) == views


FORK = """
    import multiprocessing, os, pickle, sys
    from mmdia.rebuild.attach import clip_views
    views = clip_views(sys.argv[1], backend=sys.argv[3])
    view = views[sys.argv[2]]
    before = view.frames(0, 0.3).rgb.tobytes(), view.audio(0, 0.3).samples.tobytes()

    def child(queue, view, before):
        got = view.frames(0, 0.3).rgb.tobytes(), view.audio(0, 0.3).samples.tobytes()
        queue.put(got == before)

    if __name__ == "__main__":
        for method in ("fork", "spawn"):
            context = multiprocessing.get_context(method)
            queue = context.Queue()
            workers = [context.Process(target=child, args=(queue, view, before)) for _ in range(2)]
            [w.start() for w in workers]
            assert [queue.get(timeout=100) for _ in workers] == [True, True]
            [w.join(20) for w in workers]
            assert [w.exitcode for w in workers] == [0, 0], method
        assert view.frames(0, 0.3).rgb.tobytes() == before[0]
        print("done")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.parametrize("backend", ["av", "decord"])
def test_open_readers_do_not_cross_a_fork(out: Path, tmp_path: Path, backend: str) -> None:
    script = tmp_path / "fork.py"
    script.write_text(textwrap.dedent(FORK))
    command = [sys.executable, "-W", "ignore", str(script), str(out), FIRST, backend]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_clips_in_shards(tmp_path: Path, layout: str) -> None:
    place = tmp_path / "out"
    clip = ClipParams(profile="audio")
    run_rebuild(RebuildConfig(FILMS, place, None, clip=clip, jobs=0, layout=layout))
    view, film = clip_views(place)[FIRST], clip_views(place, films=FILMS, source="film")[FIRST]
    assert "::" in view.sound.path
    assert view.frames() is None
    assert np.array_equal(view.audio().samples, film.audio().samples)
    assert len(film.frames()) > 100
