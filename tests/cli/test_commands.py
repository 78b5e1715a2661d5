"""Commands as programs: output on stdout, log on stderr, exit statuses, JSON documents."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mmdia.cli.main import main
from mmdia.corpus.locate import demo_release

RELEASE = demo_release()
SRT = RELEASE / "subtitles" / "mmdia_demo_01.srt"
OTHER = RELEASE.parent / "other" / "other.srt"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main([str(w) for w in words])
    out, err = capsys.readouterr()
    return status, out, err


def document(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    status, out, _ = run(capsys, *words, "--json")
    return status, json.loads(out)


def test_align_writes_all_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(
        capsys, "align", f"{RELEASE}::mmdia_demo_01", SRT, "--json", tmp_path / "map.json",
        "--srt", tmp_path / "out.srt", "--report", tmp_path / "report.html",
    )  # fmt: skip
    assert status == 0
    assert out.startswith("identity (accepted)")
    assert json.loads((tmp_path / "map.json").read_text())["verdict"] == "identity"
    assert (tmp_path / "out.srt").read_text().count(" --> ") == SRT.read_text().count(" --> ")
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_align_of_another_film_is_refused_with_the_map_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "align", SRT, OTHER, "--json", tmp_path / "map.json")
    assert status == 1
    assert "wrong_film (refused)" in out
    assert json.loads((tmp_path / "map.json").read_text())["accepted"] is False


def test_the_release_in_use_needs_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "align", "::mmdia_demo_01", SRT)[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("align", "none.srt", SRT), "none.srt"),
        (("align", SRT, "none.mp4"), "none.mp4"),
        (("align", RELEASE, SRT), "Name a title"),
        (("align", f"{RELEASE}::nobody", SRT), "nobody"),
        (("rebuild", "--media-dir", "no-such-folder"), "no-such-folder"),
        (("rebuild", "--media-dir", ".", "--annotations", "no-such-release"), "no-such-release"),
        (("rebuild", "--media-dir", ".", "--titles", "nobody"), "nobody"),
        (("rebuild", "--media-dir", ".", "--shard", "9/3"), "9/3"),
        (("rebuild", "--media-dir", ".", "--height", "17"), "even"),
        (("rebuild", "--media-dir", ".", "--verify", "--out", "no-such-out"), "no receipt"),
        (("release", "info", "no-such-release"), "no-such-release"),
        (("release", "install", "no-such-release"), "no-such-release"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    words: tuple[object, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert err.startswith("mmdia: ")
    assert err.count("\n") == 1
    assert told in err


def test_usage_errors_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["rebuild", "--profile", "everything"])
    assert caught.value.code == 2
    assert main(["rebuild"]) == 2
    assert "--media-dir" in capsys.readouterr().err


@pytest.mark.slow
def test_verify_and_status_need_no_films(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films, out = tmp_path / "films", tmp_path / "out"
    films.mkdir()
    shutil.copy(next((RELEASE.parent / "media").glob("*.mp4")), films / "mmdia_demo_01.mp4")
    made = ["rebuild", "--media-dir", str(films), "--out", str(out), "--timemap", "identity", "--jobs", "0"]
    assert main(made) == 0
    assert main(["rebuild", "--out", str(out), "--verify"]) == 0
    assert main(["rebuild", "--out", str(out), "--status"]) == 0
    capsys.readouterr()
    # What lies there was cut with other options: that is no success, and it is said before it is replaced.
    assert main(["rebuild", "--out", str(out), "--status", "--pad", "1"]) == 1
    assert main([*made, "--pad", "0.2", "--dry-run"]) == 0
    assert "replaced" in capsys.readouterr().err


@pytest.mark.slow
def test_rebuild_plans_builds_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(next((RELEASE.parent / "media").glob("*.mp4")), films / "mmdia_demo_01.mp4")
    shutil.copy(SRT, films / "mmdia_demo_01.srt")
    (films / "holiday.mp4").write_bytes(b"x")
    where = ("rebuild", "--media-dir", films, "--out", tmp_path / "out", "--jobs", "0")
    status, plan = document(capsys, *where, "--dry-run")
    assert (status, plan["schema"]) == (0, "mmdia.rebuild-plan/1")
    assert plan["unmatched"] == ["holiday.mp4"]
    assert not (tmp_path / "out").exists()
    status, summary = document(capsys, *where)
    assert (status, summary["schema"]) == (0, "mmdia.rebuild-summary/1")
    assert summary["statuses"] == {"built": 7, "no_media": 3}
    status, summary = document(capsys, *where, "--status")
    assert (status, summary["statuses"]) == (0, {"built": 7, "no_media": 3})
    status, checked = document(capsys, *where, "--verify")
    assert (status, checked["faults"]) == (0, [])
    next((tmp_path / "out").rglob("*.flac")).unlink()
    assert document(capsys, *where, "--verify")[0] == 1
    status, out, err = run(capsys, *where)
    assert status == 0
    assert "holiday.mp4" in out
    assert "bundled demo" in err
    assert all(len(line) <= 80 for line in out.splitlines() if "─" in line)


def test_an_empty_folder_is_exit_1_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films").mkdir()
    status, out, _ = run(capsys, "rebuild", "--media-dir", tmp_path / "films", "--out", tmp_path / "out")
    assert status == 1
    assert "missing_media" in out
    assert "media.csv" in out


def test_release_info_and_validate(capsys: pytest.CaptureFixture[str]) -> None:
    status, info = document(capsys, "release", "info", RELEASE)
    assert (status, info["schema"]) == (0, "mmdia.release-info/1")
    status, report = document(capsys, "release", "validate", RELEASE)
    assert (status, report["schema"]) == (0, "mmdia.validation/1")
    assert run(capsys, "release", "info", RELEASE)[0] == 0
    assert "valid" in run(capsys, "release", "validate", RELEASE)[1]


def test_an_installed_release_is_the_one_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "mine"
    shutil.copytree(RELEASE, copy)
    head = json.loads((copy / "release.json").read_text())
    (copy / "release.json").write_text(json.dumps({**head, "name": "mine"}))
    assert run(capsys, "release", "install", copy)[0] == 0
    assert document(capsys, "release", "info")[1]["name"] == "mine"


def test_doctor_knows_what_works(capsys: pytest.CaptureFixture[str]) -> None:
    status, found = document(capsys, "doctor")
    assert status == 0
    assert found["schema"] == "mmdia.doctor/1"
    assert found["backends"]["av"] is None
    assert found["release"]["route"] == "demo"
    card = "datasets huggingface-hub pyarrow pydantic pysrt yt-dlp ffmpeg-python soundfile decord rich"
    assert {p["package"] for p in found["packages"]} >= set(card.split())
    assert "all well" in run(capsys, "doctor")[1]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("builder", "ModuleNotFoundError"),
        ("av", "TypeError: unexpected"),
        ("release", "ReleaseNotFound"),
        ("off", "MMDIA_NO_AUTOREGISTER is set"),
    ],
)
def test_the_doctor_fails_where_load_dataset_would(
    fault: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    if fault == "builder":
        monkeypatch.setitem(sys.modules, "mmdia.builder", None)
    elif fault == "release":
        monkeypatch.setenv("MMDIA_ANNOTATIONS", str(tmp_path / "nowhere"))
    elif fault == "off":
        monkeypatch.setenv("MMDIA_NO_AUTOREGISTER", "1")
        monkeypatch.setattr("mmdia._datasets_hook._MARK", "_never_set")
    else:
        monkeypatch.setattr("av.open", lambda *a, **k: (_ for _ in ()).throw(TypeError("unexpected")))
    status, found = document(capsys, "doctor")
    assert (status, found["healthy"]) == (3, False)
    assert says in (found["backends"]["av"] if fault == "av" else found["load_dataset"]["problem"])
    status, out, _ = run(capsys, "doctor")
    assert status == 3
    assert says in out


def test_the_doctor_needs_no_ffmpeg(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mmdia.media.graph.shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    status, out, _ = run(capsys, "doctor")
    assert status == 0
    assert "ffmpeg program: none (for mmdia demo and mmdia fetch: pip install 'mmdia[ffmpeg]')" in out


@pytest.mark.slow
def test_the_demo_without_ffmpeg_has_the_copy_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ffmpeg", None)
    words = ("demo", "--profile", "keyframes", "--out", tmp_path, "--json")
    status, out, err = run(capsys, *words)
    assert status == 0
    assert [copy["copy"] for copy in json.loads(out)["copies"]] == ["as_is"]
    cure = "ffmpeg-python is not installed. Run: pip install 'mmdia[ffmpeg]'"
    assert json.loads(out)["lacking"] == cure
    assert f"the other 4 copies are left out: {cure}" in err


def in_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


HEAVY = (
    "numpy",
    "pydantic",
    "pyarrow",
    "av",
    "datasets",
    "torch",
    "rich",
    "soundfile",
    "PIL",
    "ffmpeg",
    "soxr",
)


@pytest.mark.parametrize("words", [["--help"], ["rebuild", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    done = in_process(
        "import sys\nfrom mmdia.cli.main import main\n"
        f"try:\n main({words!r})\nexcept SystemExit as e:\n assert e.code == 0\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    assert done.stderr.strip() == "[]"
    assert done.stdout


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m mmdia doctor | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_interrupt_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import mmdia.cli.doctor as doctor

    def stop() -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "examine", stop)
    status, _, err = run(capsys, "doctor")
    assert status == 130
    assert "interrupted" in err
