from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.media.graph import find_ffmpeg, other_film
from mmdia.media.readers import every_frame
from mmdia.rebuild.verify import verify_output
from mmdia.schema.dialogue import nominal_span_ms
from mmdia.testing.pilot import locate_pilot
from mmdia.testing.stamps import read_frame_stamp

from .conftest import MakeRelease, rebuild, receipts, row

FPS = Fraction(24000, 1001)
MMDIA = (sys.executable, "-m", "mmdia")
DEMO = [d for d in iter_dialogues(open_release(demo_release())) if d.title_id is not None]


def gray(frame: Any) -> np.ndarray:
    return np.asarray(frame, dtype=np.float64).mean(axis=2)


def stamps(path: Path) -> Iterator[int | None]:
    for rgb in every_frame(path):
        yield read_frame_stamp(gray(rgb))


def expected_frames(start_ms: int, end_ms: int) -> range:
    """The contract's snap rule, worked out from the annotation alone."""
    times = [k / FPS for k in range(4000)]
    first = max(k for k, t in enumerate(times) if t <= Fraction(start_ms, 1000) + Fraction(1, 1000))
    last = max(k for k, t in enumerate(times) if t <= Fraction(end_ms, 1000) - Fraction(2, 1000))
    return range(first, last + 1)


@pytest.mark.slow
def test_every_clip_of_the_demo_is_exact(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = rebuild(media_dir, out, params={"profile": "all"})
    assert summary.statuses["built"] == len(DEMO)
    assert set(summary.statuses) == {"built", "no_media"}
    assert summary.complete
    assert summary.titles[0]["verdict"] == "identity"
    rows = receipts(out)
    for dialogue in DEMO:
        span = nominal_span_ms(dialogue)
        assert span is not None
        got = rows[dialogue.dialogue_id]
        frames = expected_frames(*span)
        assert list(stamps(out / got["video"]["path"])) == list(frames)
        assert got["video"]["n_frames"] == len(frames)
        start, end = frames.start / FPS, frames.stop / FPS
        assert got["clip"]["media_start"] == pytest.approx(float(start), abs=1e-9)
        assert got["clip"]["lead_in"] == pytest.approx(span[0] / 1000 - float(start), abs=1e-9)
        samples, rate = soundfile.read(out / got["audio"]["path"])
        assert rate == 24_000
        n_source = round(end * 48_000) - round(start * 48_000)
        assert len(samples) == got["audio"]["n_samples"] == round(n_source / 2)
        if len(samples) > rate:
            found = locate_pilot(samples, rate)
            assert found.sample == pytest.approx(round(start * 48_000), abs=1.0)
        assert len(got["keyframes"]) == len(dialogue.turns)
        for turn, fact in zip(dialogue.turns, got["turns"], strict=True):
            assert turn.start_ms is not None
            assert fact["start"] == pytest.approx(turn.start_ms / 1000 - float(start), abs=2e-6)


@pytest.mark.slow
def test_sound_is_exact_to_the_sample(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rebuild(media_dir, out)
    rows = receipts(out)
    for dialogue in DEMO:
        span = nominal_span_ms(dialogue)
        assert span is not None
        start = expected_frames(*span).start / FPS
        samples, rate = soundfile.read(out / rows[dialogue.dialogue_id]["audio"]["path"])
        near = (float(start) - 0.2, float(start) + 0.2)
        assert locate_pilot(samples, rate, search=near).sample == pytest.approx(
            round(start * 48_000), abs=1.0
        )


@pytest.mark.slow
def test_a_second_run_only_checks(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rebuild(media_dir, out)
    before = (out / "receipt.jsonl").read_bytes()
    stamps_before = {p: p.stat().st_mtime_ns for p in (out / "clips").rglob("*") if p.is_file()}
    again = rebuild(media_dir, out)
    assert again.kept == len(DEMO)
    assert (out / "receipt.jsonl").read_bytes() == before
    assert {p: p.stat().st_mtime_ns for p in (out / "clips").rglob("*") if p.is_file()} == stamps_before


@pytest.mark.slow
def test_only_what_is_gone_or_damaged_or_changed_is_made_anew(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rebuild(media_dir, out)
    rows = receipts(out)
    ids = list(rows)
    built = [i for i in ids if rows[i]["status"] == "built"]
    (out / rows[built[0]]["audio"]["path"]).unlink()
    damaged = out / rows[built[1]]["audio"]["path"]
    damaged.write_bytes(damaged.read_bytes()[:-10])
    again = rebuild(media_dir, out)
    assert again.kept == len(built) - 2
    assert receipts(out) == rows
    other = rebuild(media_dir, out, params={"sample_rate": 16_000})
    assert other.kept == 0
    assert {r["audio"]["sample_rate"] for r in receipts(out).values() if r["audio"]} == {16_000}


@pytest.mark.slow
def test_verification_decodes_and_finds_every_damage(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rebuild(media_dir, out, params={"profile": "all"})
    clean = verify_output(out)
    assert clean.checked > 3 * len(DEMO)
    assert clean.faults == ()
    rows = [r for r in receipts(out).values() if r["status"] == "built"]
    sound = out / rows[0]["audio"]["path"]
    samples, rate = soundfile.read(sound, dtype="int16")
    samples[100] += 1
    soundfile.write(sound, samples, rate, subtype="PCM_16")
    (out / rows[1]["video"]["path"]).write_bytes(b"no film")
    (out / rows[2]["keyframes"][0]["path"]).unlink()
    found = {fault.dialogue_id for fault in verify_output(out).faults}
    assert found == {rows[0]["dialogue_id"], rows[1]["dialogue_id"], rows[2]["dialogue_id"]}


@pytest.mark.slow
def test_padding_and_extension(media_dir: Path, tmp_path: Path) -> None:
    rebuild(media_dir, tmp_path / "a")
    rebuild(media_dir, tmp_path / "b", params={"pad_s": 0.5})
    rebuild(media_dir, tmp_path / "c", params={"extend_to_next": True})
    plain, pad, longer = (receipts(tmp_path / n) for n in "abc")
    for d in DEMO:
        i = d.dialogue_id
        width = [r[i]["clip"]["nominal_end"] - r[i]["clip"]["nominal_start"] for r in (plain, pad, longer)]
        assert width[1] == pytest.approx(width[0] + 1.0)
        nxt = d.turns[-1].next_start_ms
        end = max(nxt, *(t.end_ms or 0 for t in d.turns)) if nxt is not None else None
        if end is not None:
            assert longer[i]["clip"]["nominal_end"] == pytest.approx(end / 1000)


def put_another_film(media_dir: Path) -> None:
    """Another film with its own sound and subtitles, under the title's name."""
    other_film(media_dir / "mmdia_demo_01.mp4", 60.0)
    shutil.copy(demo_release().parent / "other" / "other.srt", media_dir / "mmdia_demo_01.en.srt")


@pytest.mark.slow
def test_subtitles_of_another_film_do_not_hide_the_right_one(media_dir: Path, tmp_path: Path) -> None:
    # The sound is asked next, and it fits.
    shutil.copy(demo_release().parent / "other" / "other.srt", media_dir / "mmdia_demo_01.en.srt")
    summary = rebuild(media_dir, tmp_path / "out")
    assert summary.statuses["built"] > 0
    assert summary.titles[0]["verdict"] in ("identity", "translation")


@pytest.mark.slow
def test_the_wrong_film_is_refused_though_its_name_fits(media_dir: Path, tmp_path: Path) -> None:
    put_another_film(media_dir)
    summary = rebuild(media_dir, tmp_path / "out")
    assert summary.statuses["refused"] == len(DEMO)
    assert not summary.complete
    assert summary.titles[0]["verdict"] == "wrong_film"
    assert all("wrong_film" in r["reasons"] for r in receipts(tmp_path / "out").values() if r["title_id"])
    assert not list((tmp_path / "out").rglob("*.flac"))


@pytest.mark.slow
def test_clips_go_when_their_film_is_refused_later(media_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rebuild(media_dir, out)
    assert list(out.rglob("*.flac"))
    put_another_film(media_dir)
    rebuild(media_dir, out)
    assert not list(out.rglob("*.flac"))


@pytest.mark.slow
def test_without_subtitles_and_sound_there_is_no_evidence_but_the_user_may_vouch(
    media_dir: Path, film: Path, tmp_path: Path
) -> None:
    (media_dir / "mmdia_demo_01.en.srt").unlink()
    command = [str(find_ffmpeg()), "-v", "error", "-y", "-i", str(film), "-an", "-c:v", "copy"]
    subprocess.run([*command, str(media_dir / "mmdia_demo_01.mp4")], check=True)
    refused = rebuild(media_dir, tmp_path / "a")
    assert refused.reasons["no_evidence"] == len(DEMO)
    shutil.copy(film, media_dir / "mmdia_demo_01.mp4")
    vouched = rebuild(media_dir, tmp_path / "b", timemap="identity")
    assert vouched.statuses["built"] == len(DEMO)


@pytest.mark.slow
def test_maps_made_before_are_taken(media_dir: Path, tmp_path: Path) -> None:
    rebuild(media_dir, tmp_path / "a")
    (media_dir / "mmdia_demo_01.en.srt").unlink()
    again = rebuild(media_dir, tmp_path / "b", timemap=str(tmp_path / "a" / "timemaps"))
    assert again.statuses["built"] == len(DEMO)


@pytest.mark.slow
def test_withdrawn_dialogues_lose_their_clips(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    release = make_release([{"title_id": "t"}], [row("a", 6_000, 7_000), row("b", 8_000, 9_000)])
    out = tmp_path / "out"
    rebuild(media_dir, out, release, timemap="identity")
    path = out / receipts(out)["a"]["audio"]["path"]
    assert path.exists()
    (release / "withdrawn.jsonl").write_text(
        '{"dialogue_id": "a", "reason": "asked", "date": "2026-01-01"}\n'
    )
    summary = rebuild(media_dir, out, release, timemap="identity")
    assert summary.statuses == {"withdrawn": 1, "built": 1}
    assert summary.complete
    assert not path.exists()


@pytest.mark.slow
def test_parts_of_a_title(media_dir: Path, tmp_path: Path, make_release: MakeRelease) -> None:
    """Two files hold one title; a dialogue over their border is refused."""
    release = make_release(
        [{"title_id": "t"}],
        [row("one", 6_000, 9_000), row("over", 19_000, 21_000), row("two", 30_000, 33_000)],
    )
    shutil.copy(media_dir / "mmdia_demo_01.mp4", media_dir / "cd2.mp4")
    (media_dir / "media.csv").write_text(
        "title_id,path,part,start_ms,end_ms\nt,mmdia_demo_01.mp4,1,0,20000\nt,cd2.mp4,2,20000,60000\n"
    )
    summary = rebuild(media_dir, tmp_path / "out", release, timemap="identity")
    rows = receipts(tmp_path / "out")
    assert {i: (r["status"], r["media"] and r["media"]["part"]) for i, r in rows.items()} == {
        "one": ("built", 1),
        "over": ("refused", None),
        "two": ("built", 2),
    }
    assert rows["over"]["reasons"] == ["spans_parts"]
    assert summary.statuses == {"built": 2, "refused": 1}
    assert {p.name for p in (tmp_path / "out" / "timemaps").iterdir()} == {"t.p1.json", "t.p2.json"}


@pytest.mark.slow
def test_a_part_gives_no_clip_whose_first_pictures_it_lacks(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    """A DVD's film is cut between two packets: the second file begins amid a group of pictures."""
    folder = tmp_path / "m" / "The Ferry (1950)" / "VIDEO_TS"
    folder.mkdir(parents=True)
    whole = tmp_path / "whole.vob"
    with av.open(str(whole), "w", format="vob") as out:
        stream = out.add_stream(
            "mpeg2video", rate=25, width=96, height=64, options={"g": "12", "b": "3000000"}
        )
        sound = out.add_stream("mp2", rate=48_000, layout="stereo")
        for k in range(500):
            pixels = np.random.default_rng(k).integers(0, 255, (64, 96, 3), np.uint8) // 8 + k % 200
            frame = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 1920), np.int16), layout="stereo")
            heard.sample_rate, heard.pts = 48_000, k * 1920
            out.mux([*stream.encode(frame), *sound.encode(heard)])
        out.mux([*stream.encode(), *sound.encode()])
    raw = whole.read_bytes()
    middle = len(raw) // 2 // 2048 * 2048
    (folder / "VTS_01_1.VOB").write_bytes(raw[:middle])
    (folder / "VTS_01_2.VOB").write_bytes(raw[middle:])
    release = make_release(
        [{"title_id": "t", "name": "The Ferry", "year": 1950}],
        [row(f"d{k}", k * 200, k * 200 + 400) for k in range(1, 95)],
    )
    rebuild(tmp_path / "m", tmp_path / "out", release, timemap="identity", params={"profile": "video"})
    rows = receipts(tmp_path / "out")
    built = {i: r for i, r in rows.items() if r["status"] == "built"}
    assert len(built) > 80
    assert {r["media"]["part"] for r in built.values()} == {1, 2}
    assert all(r["clip"]["lead_in"] > -0.0011 for r in built.values())
    reasons = {c for r in rows.values() if r["status"] != "built" for c in r["reasons"]}
    # The picture that the cut tears apart cannot be decoded.
    assert reasons <= {"spans_parts", "edit_inside", "absent_in_media", "decode_error"}
    with av.open(str(whole)) as film:
        first_s = float(film.streams.video[0].start_time * film.streams.video[0].time_base)
        late = first_s - film.start_time / av.time_base
    for i, r in built.items():
        shown = int((int(i[1:]) * 0.2 - late + 0.001) * 25)
        with av.open(str(tmp_path / "out" / r["video"]["path"])) as clip:
            first = next(clip.decode(video=0)).to_ndarray(format="rgb24").mean()
        assert first == pytest.approx(15 + shown % 200, abs=3)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_film_whose_name_is_no_utf8(media_dir: Path, tmp_path: Path, make_release: MakeRelease) -> None:
    folder = os.fsencode(tmp_path) + b"/m\xe9dia"
    os.mkdir(folder)
    shutil.copy(media_dir / "mmdia_demo_01.mp4", folder + b"/Am\xe9lie (2001).mp4")
    with open(folder + b"/Br\xfbken (1999).mp4", "wb") as stream:
        stream.write(b"no film")
    release = make_release(
        [
            {"title_id": "t", "name": "Amélie", "year": 2001},
            {"title_id": "u", "name": "Brûken", "year": 1999},
        ],
        [row("one", 6_000, 9_000), row("two", 6_000, 9_000, "u")],
    )
    out = tmp_path / "out"
    summary = rebuild(Path(os.fsdecode(folder)), out, release, timemap="identity")
    assert summary.statuses == {"built": 1, "refused": 1}
    rows = receipts(out)
    assert rows["one"]["media"]["path"] == "Am\\xe9lie (2001).mp4"
    assert "Br\\xfbken" in rows["two"]["message"]
    assert "Am\\\\xe9lie" in (out / "titles.jsonl").read_text("utf-8")
    (out / "report.html").read_text("utf-8")
    rebuild(Path(os.fsdecode(folder)), tmp_path / "aligned", release)  # maps name the file, too
    assert "Am\\\\xe9lie" in (tmp_path / "aligned" / "timemaps" / "t.json").read_text("utf-8")


def test_shards_and_titles_leave_the_rest_alone(
    media_dir: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    release = make_release(
        [{"title_id": "t"}, {"title_id": "u"}], [row("a", 6_000, 7_000), row("b", 6_000, 7_000, "u")]
    )
    (media_dir / "media.csv").write_text("title_id,path\nt,mmdia_demo_01.mp4\nu,mmdia_demo_01.mp4\n")
    out = tmp_path / "out"
    first = rebuild(media_dir, out, release, timemap="identity", titles=("t",))
    assert first.statuses == {"built": 1, "not_selected": 1}
    assert first.complete
    second = rebuild(media_dir, out, release, timemap="identity", titles=("u",))
    assert second.statuses == {"built": 2}
    assert [
        r["dialogue_id"] for r in map(json.loads, (out / "receipt.jsonl").read_text().splitlines())
    ] == ["a", "b"]


@pytest.mark.slow
def test_supervised_workers_agree_with_this_process(media_dir: Path, tmp_path: Path) -> None:
    rebuild(media_dir, tmp_path / "a", jobs=0)
    rebuild(media_dir, tmp_path / "b", jobs=2)
    assert receipts(tmp_path / "a") == receipts(tmp_path / "b")


@pytest.mark.slow
def test_a_real_film_with_its_real_subtitles(
    shared_data: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    """His Girl Friday (1940): 6 s, 5 cues; marked-up subtitles annotate, plain ones lie beside the film."""
    from mmdia.subtitles.read import read_subtitles

    clip = shared_data / "clips" / "friday"
    cues = read_subtitles(clip / "friday.vtt").cues
    assert len(cues) == 5
    turns = [
        {"start_ms": c.start_ms, "end_ms": c.end_ms, "speakers": ["hildy"], "text": c.text} for c in cues
    ]
    dialogues: list[dict[str, Any] | str] = [
        {"dialogue_id": "tt0032599_clip_1", "title_id": "tt0032599", "turns": turns[:3]},
        {"dialogue_id": "tt0032599_clip_2", "title_id": "tt0032599", "turns": turns[3:]},
    ]
    release = make_release([{"title_id": "tt0032599", "name": "His Girl Friday", "year": 1940}], dialogues)
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(clip / "friday.mp4", films / "His.Girl.Friday.1940.mp4")
    shutil.copy(clip / "friday.plain.vtt", films / "His.Girl.Friday.1940.en.vtt")
    summary = rebuild(films, tmp_path / "out", release, params={"profile": "all"})
    assert summary.statuses == {"built": 2}
    assert summary.titles[0]["verdict"] == "identity"
    first = receipts(tmp_path / "out")["tt0032599_clip_1"]
    assert first["video"]["n_frames"] == round(
        (first["clip"]["media_end"] - first["clip"]["media_start"]) * 30
    )
    assert verify_output(tmp_path / "out").faults == ()
