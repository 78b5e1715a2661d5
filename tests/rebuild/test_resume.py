"""What a run leaves to the next: shards, killed runs, drives that are away, changed options."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import StoreError, UsageError
from mmdia.jobs.shards import Shard
from mmdia.jobs.work import Report
from mmdia.rebuild import clips, run, title
from mmdia.rebuild.config import RebuildConfig, TitleJob
from mmdia.rebuild.files import is_there
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.sink import work_title
from mmdia.rebuild.status import status_of
from mmdia.rebuild.verify import verify_output

from .conftest import MakeRelease, rebuild, receipts, row


@pytest.fixture
def four(media_dir: Path, make_release: MakeRelease) -> Path:
    """A release of four titles that are all in one file."""
    titles = [f"t{n}" for n in range(4)]
    lines = "".join(f"{t},mmdia_demo_01.mp4\n" for t in titles)
    (media_dir / "media.csv").write_text("title_id,path\n" + lines)
    return make_release([{"title_id": t} for t in titles], [row(f"d{t}", 6_000, 7_000, t) for t in titles])


def statuses(out: Path) -> dict[str, str]:
    return {i: r["status"] for i, r in receipts(out).items()}


@pytest.mark.slow
def test_shards_share_a_folder_in_any_order(media_dir: Path, tmp_path: Path, four: Path) -> None:
    out = tmp_path / "out"
    for index in (1, 0, 1):
        rebuild(media_dir, out, four, timemap="identity", shard=Shard(index, 2))
    assert set(statuses(out).values()) == {"built"}
    assert len(receipts(out)) == 4
    titles = [json.loads(line) for line in (out / "titles.jsonl").read_text().splitlines()]
    assert [(t["title_id"], t["counts"]) for t in titles] == [(f"t{n}", {"built": 1}) for n in range(4)]


def test_being_left_out_hides_nothing_that_another_shard_is_doing(tmp_path: Path) -> None:
    one, two = Ledger(tmp_path, Shard(0, 2)), Ledger(tmp_path, Shard(1, 2))
    with one.session(), two.session():
        one.append([plain_row("a", "t", "built"), plain_row("b", "u", "not_selected", ["not_selected"])])
        two.append([plain_row("b", "u", "built"), plain_row("a", "t", "not_selected", ["not_selected"])])
        two.merge(["a", "b"])
        one.merge(["a", "b"])
    assert {i: r["status"] for i, r in one.rows().items()} == {"a": "built", "b": "built"}


def test_what_a_killed_run_left_is_merged_once_and_never_wins_later(tmp_path: Path) -> None:
    killed = Ledger(tmp_path, Shard(1, 2))
    killed.append([plain_row("a", "t", "failed", ["crashed"])])
    now = Ledger(tmp_path)
    with now.session():
        assert not list(now.state.glob("journal-*"))
        assert now.rows()["a"]["status"] == "failed"
        now.append([plain_row("a", "t", "built")])
        now.merge()
    assert now.rows()["a"]["status"] == "built"


def test_runs_that_would_meet_are_refused(tmp_path: Path) -> None:
    whole, shard, other = Ledger(tmp_path), Ledger(tmp_path, Shard(0, 2)), Ledger(tmp_path, Shard(0, 3))
    with whole.session():
        for ledger in (Ledger(tmp_path), shard):
            with pytest.raises(StoreError, match="another run"), ledger.session():
                pass
    with shard.session():
        for ledger in (whole, other):
            with pytest.raises(StoreError, match="another run"), ledger.session():
                pass


@pytest.mark.slow
def test_unfinished_files_are_swept_where_they_are_ours(media_dir: Path, tmp_path: Path) -> None:
    """The output may be the media folder itself; a user's own .part file is not ours."""
    mine = media_dir / "download.mkv.part"
    mine.write_bytes(b"x")
    left = media_dir / "clips" / "x" / "a.flac.12-ab.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    summary = rebuild(media_dir, media_dir)
    assert summary.statuses["built"] == 7
    assert mine.exists()
    assert not left.exists()
    assert rebuild(media_dir, media_dir).kept == 7


def _heed_signals() -> None:
    """What runs in the background of a shell ignores Ctrl-C, and its children do."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupted(media_dir: Path, out: Path, number: int) -> tuple[int, str]:
    """Exit code and log of a run that gets a signal once its first clip is there."""
    command = [sys.executable, "-m", "mmdia", "rebuild", "--media-dir", str(media_dir), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--profile", "all", "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=None if sys.platform == "win32" else _heed_signals,
    )
    for _ in range(4000):
        if process.poll() is not None or list(out.glob("clips/*/*")):
            break
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    return process.returncode, told


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_tidies_up_and_goes_on(media_dir: Path, tmp_path: Path, number: int) -> None:
    for attempt in range(5):
        out = tmp_path / f"out{attempt}"
        code, told = _interrupted(media_dir, out, number)
        if code != 0:
            break  # else the run was done before the signal came
    assert code == 130, told
    assert "interrupted" in told
    assert not list(out.rglob("*.part"))
    assert not list(out.rglob("run-*.lock"))
    summary = rebuild(media_dir, out, params={"profile": "all"})
    assert summary.statuses["built"] == 7


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no process groups there")
def test_kill_9_at_any_moment_loses_nothing_and_breaks_nothing(media_dir: Path, tmp_path: Path) -> None:
    """The whole group is killed, at three stages of the work; then the run is finished."""
    whole = tmp_path / "whole"
    rebuild(media_dir, whole, params={"profile": "all"})
    wanted = {i: r["audio"] and r["audio"]["sha256"] for i, r in receipts(whole).items()}
    out = tmp_path / "out"
    command = [sys.executable, "-m", "mmdia", "rebuild", "--media-dir", str(media_dir), "--out", str(out)]
    built = 0
    for enough in (1, 6, 12):
        process = subprocess.Popen(
            [*command, "--profile", "all", "--jobs", "1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(6000):
            files = [p for p in out.glob("clips/*/*") if p.suffix != ".part"]
            if process.poll() is not None or len(files) >= enough:
                break
            time.sleep(0.005)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        rows = [r for r in Ledger(out).rows().values() if r["status"] == "built"]
        assert all(is_there(out, r) for r in rows)
        built = len(rows)
    summary = rebuild(media_dir, out, params={"profile": "all"})
    assert (summary.statuses["built"], summary.kept) == (7, built)
    assert not list(out.rglob("*.part"))
    assert {i: r["audio"] and r["audio"]["sha256"] for i, r in receipts(out).items()} == wanted
    assert verify_output(out).faults == ()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
def test_a_pipe_named_like_a_film_costs_its_title_and_no_time(
    media_dir: Path, tmp_path: Path, four: Path
) -> None:
    os.mkfifo(media_dir / "pipe.mkv")
    map_file = media_dir / "media.csv"
    map_file.write_text(map_file.read_text().replace("t2,mmdia_demo_01.mp4", "t2,pipe.mkv"))
    rebuild(media_dir, tmp_path / "out", four, timemap="identity")
    rows = receipts(tmp_path / "out")
    assert {i: r["status"] for i, r in rows.items() if r["status"] != "built"} == {"dt2": "refused"}
    assert rows["dt2"]["reasons"] == ["invalid_media"]


@pytest.mark.slow
def test_a_worker_that_hangs_costs_its_title(
    media_dir: Path, tmp_path: Path, four: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "work_title", hang_at_t1)
    summary = rebuild(media_dir, tmp_path / "out", four, timemap="identity", jobs=2, idle_s=20.0)
    assert summary.troubled == ("t1",), [t["message"] for t in summary.titles]
    assert summary.statuses == {"built": 3, "failed": 1}
    assert receipts(tmp_path / "out")["dt1"]["reasons"] == ["timed_out"]


def hang_at_t1(job: TitleJob, report: Report) -> dict[str, Any]:
    """A worker whose decoder never comes back from one film."""
    if job.title["title_id"] == "t1":
        time.sleep(600)
    return work_title(job, report)


@pytest.mark.slow
def test_clips_that_were_kept_survive_a_failure_of_the_rest(
    media_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    rebuild(media_dir, out)
    before = receipts(out)
    built = [i for i, r in before.items() if r["status"] == "built"]
    (out / before[built[0]]["audio"]["path"]).unlink()

    def full(*args: Any, **more: Any) -> None:
        raise StoreError("no space left on the device", path=out)

    with monkeypatch.context() as patch:
        patch.setattr(clips, "cut_media", full)
        summary = rebuild(media_dir, out)
    assert not summary.complete
    assert statuses(out)[built[0]] == "failed"
    assert {i: statuses(out)[i] for i in built[1:]} == dict.fromkeys(built[1:], "built")

    def crash(*args: Any, **more: Any) -> None:
        raise KeyError("bug")

    with monkeypatch.context() as patch:
        patch.setattr(title, "track_of_title", crash)
        summary = rebuild(media_dir, out)
    assert not summary.complete
    assert summary.troubled == ("mmdia_demo_01",)
    assert sum(s == "built" for s in statuses(out).values()) == len(built) - 1


@pytest.mark.slow
@pytest.mark.parametrize("way", ["align", "identity"])
def test_a_drive_that_is_away_costs_nothing(media_dir: Path, tmp_path: Path, way: str) -> None:
    (media_dir / "media.csv").write_text("title_id,path\nmmdia_demo_01,mmdia_demo_01.mp4\n")
    out = tmp_path / "out"
    rebuild(media_dir, out, timemap=way)
    before = receipts(out)
    film = media_dir / "mmdia_demo_01.mp4"
    film.rename(tmp_path / "away.mp4")
    rebuild(media_dir, out, timemap=way)
    assert receipts(out) == before
    assert rebuild(media_dir, tmp_path / "new", timemap=way).statuses["missing_media"] == 7
    assert all((out / r["audio"]["path"]).exists() for r in before.values() if r["audio"])


@pytest.mark.slow
def test_a_map_that_says_wrong_film_is_not_believed_otherwise(media_dir: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    document = {
        "schema": "mmdia.timemap/1", "verdict": "wrong_film", "confidence": 0.01,
        "segments": [{"anno_start": 0, "anno_end": 1000, "scale": 1, "offset": 0, "confidence": 1}],
    }  # fmt: skip
    (maps / "mmdia_demo_01.json").write_text(json.dumps(document))
    summary = rebuild(media_dir, tmp_path / "a", timemap=str(maps))
    assert summary.reasons["wrong_film"] == 7
    good = {**document, "verdict": "identity", "confidence": 0.99}
    (maps / "mmdia_demo_01.json").write_text(json.dumps(good))
    assert rebuild(media_dir, tmp_path / "b", timemap=str(maps)).statuses["built"] == 7
    (maps / "mmdia_demo_01.json").unlink()
    assert rebuild(media_dir, tmp_path / "c", timemap=str(maps)).reasons["no_timemap"] == 7


@pytest.mark.slow
def test_a_smaller_profile_takes_the_other_files_away(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rebuild(media_dir, out, params={"profile": "keyframes"})
    assert list(out.rglob("*.jpg"))
    rebuild(media_dir, out)
    assert not list(out.rglob("*.jpg"))
    assert len(list(out.rglob("*.flac"))) == 7


@pytest.mark.slow
def test_kept_rows_know_the_release_and_the_file_of_today(media_dir: Path, tmp_path: Path) -> None:
    from mmdia.corpus.locate import demo_release

    release = tmp_path / "release"
    shutil.copytree(demo_release(), release)
    out = tmp_path / "out"
    rebuild(media_dir, out, release)
    head = json.loads((release / "release.json").read_text())
    (release / "release.json").write_text(json.dumps({**head, "version": "2.0.0"}))
    (media_dir / "mmdia_demo_01.mp4").rename(media_dir / "MMDIA_DEMO_01.mp4")
    (media_dir / "mmdia_demo_01.en.srt").rename(media_dir / "MMDIA_DEMO_01.en.srt")
    assert rebuild(media_dir, out, release).kept == 7
    rows = [r for r in receipts(out).values() if r["status"] == "built"]
    assert {r["annotation_version"] for r in rows} == {"mmdia-demo 2.0.0"}
    assert {r["media"]["path"] for r in rows} == {"MMDIA_DEMO_01.mp4"}


@pytest.mark.slow
def test_the_exit_status_is_about_what_was_asked_for(media_dir: Path, tmp_path: Path, four: Path) -> None:
    map_file = media_dir / "media.csv"
    map_file.write_text(map_file.read_text().replace("t3,mmdia_demo_01.mp4", "t3,gone.mp4"))
    out = tmp_path / "out"
    assert not rebuild(media_dir, out, four, timemap="identity").complete
    assert rebuild(media_dir, out, four, timemap="identity", titles=("t0",)).complete


def test_an_output_holds_one_release(media_dir: Path, tmp_path: Path, make_release: MakeRelease) -> None:
    def made(name: str, *ids: str, release: str = "mine") -> Path:
        rows = [row(i, 0, 900, "mmdia_demo_01") for i in ids]
        place = make_release([{"title_id": "mmdia_demo_01"}], rows).rename(tmp_path / name)
        head = json.loads((place / "release.json").read_text())
        (place / "release.json").write_text(json.dumps({**head, "name": release}))
        return place

    out, first = tmp_path / "out", made("one", "a", "b")
    rebuild(media_dir, out, first, timemap="identity")
    for other in (made("two", "c"), made("three", "b", "c", release="other")):
        with pytest.raises(UsageError, match="another release"):
            rebuild(media_dir, out, other, timemap="identity")
        with pytest.raises(UsageError, match="another release"):
            status_of(RebuildConfig(media_dir, out, str(other)))
    rebuild(media_dir, out, made("part", "b", release="found"), timemap="identity")
    rebuild(media_dir, out, made("later", "b", "c"), timemap="identity")
    assert set(receipts(out)) == {"a", "b", "c"}


def test_a_dialogue_id_that_comes_twice_is_counted(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    release = make_release([{"title_id": "t"}], [row("a", 6_000, 7_000), row("a", 8_000, 9_000)])
    summary = rebuild(media_dir, tmp_path / "out", release, timemap="identity")
    assert summary.statuses == {"built": 1}
    assert len(summary.broken) == 1
    assert not summary.complete


def test_a_silent_film_gives_its_picture_and_says_so(
    shared_data: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(shared_data / "media_edge" / "torchcodec-h265_video.mp4", films / "t.mp4")
    release = make_release([{"title_id": "t"}], [row("a", 100, 300)])
    summary = rebuild(films, tmp_path / "out", release, timemap="identity", params={"profile": "all"})
    assert summary.statuses == {"built": 1}
    got = receipts(tmp_path / "out")["a"]
    assert (got["audio"], got["reasons"]) == (None, ["no_audio"])
    assert got["video"]["n_frames"] > 0
    asked = rebuild(films, tmp_path / "b", release, timemap="identity")
    assert asked.reasons == {"no_audio": 1}


def test_a_track_that_is_not_there_is_told(media_dir: Path, tmp_path: Path) -> None:
    summary = rebuild(media_dir, tmp_path / "out", params={"audio_track": "fr"})
    assert summary.reasons == {"no_such_track": 7, "no_media": 3}
    message = next(r["message"] for r in receipts(tmp_path / "out").values() if r["message"])
    assert "track" in message
