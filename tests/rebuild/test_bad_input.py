"""Bad input and bad luck: a clear error or a counted reason, and nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from fractions import Fraction
from pathlib import Path

import pytest

from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.media.graph import find_ffmpeg
from mmdia.rebuild.verify import verify_output

from .conftest import MakeRelease, rebuild, receipts, row

FPS = Fraction(24000, 1001)
MMDIA = (sys.executable, "-m", "mmdia")
DEMO = [d for d in iter_dialogues(open_release(demo_release())) if d.title_id is not None]


def test_an_empty_folder_gives_missing_media(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    summary = rebuild(tmp_path / "films", tmp_path / "out")
    assert summary.statuses["missing_media"] == len(DEMO)
    assert not summary.complete


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", "lfs_pointer"),
        (b"", "invalid_media"),
        (b"<html>not found</html>", "invalid_media"),
    ],
)
def test_files_that_are_no_films_have_a_reason(
    media_dir: Path, tmp_path: Path, content: bytes, code: str
) -> None:
    (media_dir / "mmdia_demo_01.mp4").write_bytes(content)
    summary = rebuild(media_dir, tmp_path / "out")
    assert summary.statuses["refused"] == len(DEMO)
    assert summary.reasons[code] == len(DEMO)
    assert summary.titles[0]["message"]


@pytest.mark.parametrize("folder", ["incomplete", "git-lfs-mirror"])
def test_the_name_of_a_folder_is_no_reason(media_dir: Path, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "mmdia_demo_01.mp4").write_bytes(b"junk" * 999)
    summary = rebuild(tmp_path / folder, tmp_path / "out")
    assert {code: n for code, n in summary.reasons.items() if n == len(DEMO)} == {
        "invalid_media": len(DEMO)
    }


def lock(film: Path, *names: bytes) -> None:
    """Name sample descriptions of an mp4 as encrypted ones are named."""
    content = film.read_bytes()
    for name, kind in ((b"avc1", b"encv"), (b"mp4a", b"enca")):
        if name in names:
            content = content.replace(name + b"\0\0\0\0\0\0\0\1", kind + b"\0\0\0\0\0\0\0\1")
    film.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "profile", "statuses"),
    [
        ((b"avc1", b"mp4a"), "all", {"refused"}),
        ((b"avc1",), "all", {"refused"}),
        ((b"avc1",), "audio", {"built"}),
        ((b"avc1",), "lossless", {"refused"}),
        ((b"mp4a",), "all", {"refused"}),
        ((b"mp4a",), "video", {"refused"}),
        ((b"mp4a",), "keyframes", {"built"}),
        ((b"mp4a",), "audio", {"refused"}),
    ],
)
def test_what_is_encrypted_is_refused_where_it_is_wanted(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease, names, profile: str, statuses
) -> None:
    release = make_release([{"title_id": "t"}], [row("a", 6_000, 7_000)])
    lock((media_dir / "mmdia_demo_01.mp4").rename(media_dir / "t.mp4"), *names)
    rebuild(media_dir, tmp_path / "out", release, timemap="identity", params={"profile": profile})
    got = receipts(tmp_path / "out")["a"]
    assert {got["status"]} == statuses
    assert got["reasons"] == ([] if statuses == {"built"} else ["encrypted"])
    assert bool(got["audio"]) == (statuses == {"built"} and b"mp4a" not in names and profile == "audio")


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
def test_lines_behind_the_end_of_a_truncated_film_say_so(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease, ending: str
) -> None:
    spans = [(1_000, 2_000), (80_000, 81_000), (600_000, 601_000)]
    release = make_release([{"title_id": "t"}], [row(str(n), *span) for n, span in enumerate(spans)])
    whole = media_dir / "mmdia_demo_01.mp4"
    film = media_dir / f"t.{ending}"
    codecs = {"c:v": "mpeg4", "c:a": "mp3"} if ending == "avi" else {"c": "copy", "movflags": "faststart"}
    words = [word for name, value in codecs.items() for word in (f"-{name}", value)]
    subprocess.run([find_ffmpeg(), "-v", "error", "-i", whole, *words, film], check=True)
    whole.unlink()
    rebuild(media_dir, tmp_path / "whole", release, timemap="identity")
    assert receipts(tmp_path / "whole")["2"]["reasons"] == ["outside_media"]
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 4 + 7])
    rebuild(media_dir, tmp_path / "cut", release, timemap="identity")
    got = receipts(tmp_path / "cut")
    assert [got[n]["status"] for n in "012"] == ["built", "refused", "refused"]
    assert got["0"]["audio"]["sha256"] == receipts(tmp_path / "whole")["0"]["audio"]["sha256"]
    assert got["1"]["reasons"] == got["2"]["reasons"] == ["truncated_media"]


@pytest.mark.slow
def test_a_truncated_film_gives_what_is_there(media_dir: Path, tmp_path: Path) -> None:
    """Cut in the middle: whether nothing or a part can be read, nothing half-made appears."""
    film = media_dir / "mmdia_demo_01.mp4"
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    out = tmp_path / "out"
    summary = rebuild(media_dir, out, params={"profile": "all"})
    assert not summary.complete
    assert sum(summary.statuses.values()) == len(DEMO) + summary.statuses.get("no_media", 0)
    assert verify_output(out).faults == ()
    assert not list(out.rglob("*.part"))
    for got in receipts(out).values():
        assert got["status"] in ("built", "no_media") or got["reasons"]


def test_broken_rows_are_counted_and_the_rest_is_built(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    release = make_release(
        [{"title_id": "t"}],
        [
            row("good", 6_000, 9_000),
            "{broken",
            json.dumps({"dialogue_id": 3, "turns": []}),
            row("odd", 9_000, 6_000),
        ],
    )
    (media_dir / "mmdia_demo_01.mp4").rename(media_dir / "t.mp4")
    summary = rebuild(media_dir, tmp_path / "out", release, timemap="identity")
    assert summary.statuses == {"built": 1, "refused": 1}
    assert summary.reasons == {"no_span": 1}
    assert [b.split("dialogues.jsonl")[1][:2] for b in summary.broken] == [":2", ":3"]
    assert not summary.complete


def test_hostile_ids_stay_inside_the_output(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    ids = [
        "../../escape",
        "a/b",
        "with space",
        "/etc/x",
        "CON",
        "dot.dot",
        "Ünï",
        "x" * 300,
        "Case",
        "case",
    ]
    title = "../t itle/.."
    release = make_release([{"title_id": title}], [row(i, 6_000, 7_000, title) for i in ids])
    out = tmp_path / "out"
    summary = rebuild(media_dir, out, release, timemap="identity")
    assert summary.statuses == {"built": len(ids)}
    rows = receipts(out)
    paths = {(out / rows[i]["audio"]["path"]).resolve() for i in ids}
    assert len(paths) == len(ids)
    assert all(p.is_relative_to(out.resolve()) and p.is_file() for p in paths)
    assert len({str(p).lower() for p in paths}) == len(ids)
    assert not (tmp_path / "escape.flac").exists()


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_loses_nothing(media_dir: Path, tmp_path: Path) -> None:
    """A real limit on file size (EFBIG) stands for the full disk; then the limit is lifted."""
    out = tmp_path / "out"
    script = textwrap.dedent(
        f"""
        import resource, sys
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        from mmdia.cli.main import main
        folders = ["--media-dir", {str(media_dir)!r}, "--out", {str(out)!r}]
        sys.exit(main(["rebuild", *folders, "--jobs", "0", "--json"]))
        """
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    document = json.loads(run.stdout)
    assert "disk_full" in document["reasons"]
    assert not list(out.rglob("*.part"))
    assert verify_output(out).faults == ()
    again = rebuild(media_dir, out)
    assert again.statuses["built"] == len(DEMO)


@pytest.mark.slow
def test_an_output_that_cannot_be_written_is_told_at_once(media_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file in the way")
    run = subprocess.run(
        [*MMDIA, "rebuild", "--media-dir", str(media_dir), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("mmdia: ")
    assert "cannot write" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_kill_9_at_any_moment(media_dir: Path, tmp_path: Path) -> None:
    """Whatever the moment: no finished file is broken, and the next run finishes the rest."""
    reference = tmp_path / "reference"
    rebuild(media_dir, reference, params={"profile": "all"})
    wanted = {i: r["audio"]["sha256"] for i, r in receipts(reference).items() if r["audio"]}
    for k, delay in enumerate((1.0, 1.8, 2.6, 3.4)):
        out = tmp_path / f"out{k}"
        command = [
            sys.executable,
            "-m",
            "mmdia",
            "rebuild",
            "--media-dir",
            str(media_dir),
            "--out",
            str(out),
        ]
        process = subprocess.Popen(
            [*command, "--profile", "all", "--jobs", "1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if out.exists() and (out / "state").exists():
            assert verify_output(out).faults == ()
        rebuild(media_dir, out, params={"profile": "all"})
        assert {i: r["audio"]["sha256"] for i, r in receipts(out).items() if r["audio"]} == wanted
        assert not list(out.rglob("*.part"))


@pytest.mark.slow
def test_what_is_left_of_a_film_is_not_called_another_one(media_dir: Path, tmp_path: Path) -> None:
    film = media_dir / "mmdia_demo_01.mp4"
    film.write_bytes(film.read_bytes()[:200_000])
    (media_dir / "mmdia_demo_01.en.srt").unlink()
    summary = rebuild(media_dir, tmp_path / "out")
    assert "wrong_film" not in summary.reasons
    assert summary.reasons["truncated_media"] == len(DEMO)
