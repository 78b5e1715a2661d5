"""Every room once, on the installed package: what an interpreter or a version of a dependency breaks.

`tools/check_wheel.py` copies this file to a folder outside the repository and runs it there, by pytest, in
each environment. So it imports nothing of the tests, and needs pytest alone beside the core.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mmdia
from mmdia.cli.main import main
from mmdia.corpus.locate import demo_release

RELEASE = demo_release()
FILMS = RELEASE.parent / "media"
FILM = FILMS / "mmdia_demo_01.mp4"
SRT = RELEASE / "subtitles" / "mmdia_demo_01.srt"


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMDIA_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("MMDIA_ANNOTATIONS", str(RELEASE))
        yield


@pytest.fixture(scope="module")
def clips(home: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rebuild by a worker process."""
    out = tmp_path_factory.mktemp("clips")
    assert (
        main(["rebuild", "--media-dir", str(FILMS), "--out", str(out), "--profile", "all", "--jobs", "1"])
        == 0
    )
    return out


def run(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    assert main([str(w) for w in words]) == status, capsys.readouterr()
    return capsys.readouterr().out


def test_every_module_imports() -> None:
    names = [m.name for m in pkgutil.walk_packages(mmdia.__path__, "mmdia.") if "__main__" not in m.name]
    assert len(names) > 300
    for name in names:
        importlib.import_module(name)


def test_schema_and_errors() -> None:
    film = mmdia.TimeMap.affine(1001 / 1000, 2.0, 0.0, 60.0)
    assert film.invert().apply(film.apply(30.0) or 0.0) == pytest.approx(30.0)
    with pytest.raises(ValueError, match="overlap"):
        mmdia.TimeMap((mmdia.Segment(0, 2), mmdia.Segment(1, 3)))


def test_subtitles(tmp_path: Path) -> None:
    from mmdia.subtitles.read import read_subtitles
    from mmdia.subtitles.write import write_srt

    cues = read_subtitles(SRT).cues
    (tmp_path / "a.srt").write_text(write_srt(cues), "utf-8")
    assert [c.text for c in read_subtitles(tmp_path / "a.srt").cues] == [c.text for c in cues]
    text = "Я не знаю, что случилось. Пожалуйста, иди домой!"
    (tmp_path / "b.srt").write_bytes(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode("cp1251"))
    assert read_subtitles(tmp_path / "b.srt").cues[0].text == text


@pytest.mark.parametrize("evidence", ["text", "sound"])
def test_align_and_sync_and_engines(
    evidence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = SRT if evidence == "text" else FILM
    words = ("::mmdia_demo_01", copy, "--json", tmp_path / "map.json", "--report", tmp_path / "map.html")
    run(capsys, "align", *words)
    found = json.loads((tmp_path / "map.json").read_text("utf-8"))
    assert found["verdict"] in ("identity", "translation")
    assert abs(found["segments"][0]["offset"]) < 0.1
    assert "<svg" in (tmp_path / "map.html").read_text("utf-8")


def test_media_backends(tmp_path: Path) -> None:
    from mmdia.testing.conformance import check_backend

    for name in ("av", "soundfile"):
        report = check_backend(name, tmp_path)
        assert report.passed, str(report)


def test_tags_of_films(tmp_path: Path) -> None:
    from mmdia.media.probe import probe
    from mmdia.testing.conformance_films import make_film

    film = make_film(tmp_path, "base.mp4")
    odd = film.read_bytes().replace(b"VideoHandler", b"Vid\xe9o\xff\xfe.....")
    assert odd != film.read_bytes()
    film.write_bytes(odd)
    info = probe(film)
    assert (info.video[0].codec, info.audio[0].codec) == ("h264", "aac")
    json.dumps(str(info)).encode()
    str(info).encode("utf-8")


def test_rebuild(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    receipt = [json.loads(line) for line in (clips / "receipt.jsonl").read_text("utf-8").splitlines()]
    assert sum(row["status"] == "built" for row in receipt) == 7
    run(capsys, "rebuild", "--out", clips, "--verify")
    run(capsys, "rebuild", "--media-dir", FILMS, "--out", tmp_path, "--jobs", "0", "--layout", "parquet")
    run(capsys, "rebuild", "--out", tmp_path, "--status")
    run(capsys, "cite", "--out", clips)


def test_builder_and_train_in_numpy(clips: Path) -> None:
    import numpy as np
    from datasets import load_dataset

    from mmdia.train import DialogueCollator, ResumableSampler

    whole = load_dataset("mmdia", data_dir=str(clips))
    assert {name: rows.num_rows for name, rows in whole.items()} == {"train": 3, "validation": 1, "test": 3}
    assert load_dataset("mmdia", "bench", split="test").num_rows > 0
    assert len(list(load_dataset("mmdia", split="train", streaming=True))) == 3
    batch = DialogueCollator(missing="drop")(list(whole["train"]))
    assert isinstance(batch["audio"], np.ndarray)
    assert batch["audio"].any()
    assert sorted(ResumableSampler(whole["train"], seed=1)) == [0, 1, 2]


def read_a_clip(view: Any) -> bytes:
    return bytes(view.frames(0, 0.3).rgb.tobytes() + view.audio(0, 0.3).samples.tobytes())


def put_a_clip(queue: Any, view: Any) -> None:
    queue.put(read_a_clip(view))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_media_views_in_workers(method: str, clips: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    rows = mmdia.attach_media(mmdia.load_dataset(split="train"), clips)
    view = next(row["media"] for row in rows if row["media"] is not None)
    here = read_a_clip(view)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    worker = context.Process(target=put_a_clip, args=(queue, view))
    worker.start()
    assert queue.get(timeout=60) == here
    worker.join(20)
    assert worker.exitcode == 0


def test_release(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "release", "validate", RELEASE)
    assert json.loads(run(capsys, "release", "stats", RELEASE, "--json"))
    run(capsys, "release", "stats", RELEASE, "--report", tmp_path / "stats.html")
    run(capsys, "release", "fingerprint", FILM, "--out", tmp_path / "film.fp.json")
    run(capsys, "release", "install", RELEASE)
    run(capsys, "release", "list")
    run(capsys, "release", "export", RELEASE, "--format", "vtt", "--out", tmp_path / "vtt", status=1)
    run(capsys, "find", RELEASE, "--report", tmp_path / "found.html")


def test_metrics() -> None:
    from mmdia.metrics.wer import wer

    assert wer(["where is the map"], ["where is a map"]).value == 0.25


def test_store(tmp_path: Path) -> None:
    from mmdia.errors import StoreError
    from mmdia.store.lock import exclusive, is_held

    code = (
        "import pathlib, sys, time; from mmdia.store.lock import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    lock = tmp_path / "run.lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError), exclusive(lock):
            pass
        holder.kill()
    with exclusive(lock):
        assert is_held(lock)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, "doctor", "--json"))
    assert found["healthy"]
    assert found["backends"]["av"] is None
    assert found["load_dataset"]["route"] == "hook"
    for shell in ("bash", "zsh", "fish"):
        assert "rebuild" in run(capsys, "completion", shell)
    run(capsys, "facts")
    run(capsys, "titles")
    has_jinja = importlib.util.find_spec("jinja2") is not None
    run(capsys, "release", "card", RELEASE, status=0 if has_jinja else 3)
