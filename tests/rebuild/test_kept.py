"""What an earlier run left: never taken for what this run was asked for, and repaired when damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdia.rebuild.verify import verify_output
from tests.media.film import FPS, N_FRAMES, N_SAMPLES, noise, write_film
from tests.rebuild.conftest import MakeRelease, rebuild, receipts, row

END_MS = int(N_FRAMES / FPS * 1000)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder with one film."""
    folder = tmp_path / "films"
    folder.mkdir()
    write_film(folder / "t.mkv", sound=noise(2, N_SAMPLES))
    return folder


@pytest.mark.slow
def test_clips_of_other_options_are_no_success_when_the_film_is_away(
    tmp_path: Path, films: Path, make_release: MakeRelease
) -> None:
    release = make_release([{"title_id": "t"}], [row("d", 1000, 3000)])
    out, away = tmp_path / "out", tmp_path / "away"
    away.mkdir()
    assert rebuild(films, out, release, timemap="identity").complete
    before = receipts(out)["d"]

    same = rebuild(away, out, release, timemap="identity")
    assert same.complete
    assert receipts(out)["d"] == before

    other = rebuild(away, out, release, timemap="identity", params={"pad_s": 0.5})
    assert not other.complete
    assert other.missed == 1
    now = receipts(out)["d"]
    assert (now["status"], now["reasons"]) == ("built", ["other_options"])
    assert (out / now["audio"]["path"]).is_file(), "nothing is lost"

    assert rebuild(films, out, release, timemap="identity", params={"pad_s": 0.5}).complete
    assert receipts(out)["d"]["reasons"] == []


@pytest.mark.slow
def test_a_stricter_run_refuses_what_a_laxer_one_built(
    tmp_path: Path, films: Path, make_release: MakeRelease
) -> None:
    release = make_release([{"title_id": "t"}], [row("d", 1000, 3000)])
    maps = tmp_path / "maps"
    maps.mkdir()
    document = {
        "schema": "mmdia.timemap/1", "verdict": "speed", "confidence": 0.8, "scale": 1.0,
        "segments": [{"anno_start": 0, "anno_end": 9, "scale": 1.0, "offset": 0.0, "confidence": 0.8}],
        "lines": [], "discrepancy": {"anno_time": [], "start": [], "duration": []},
        "evidence": {}, "reasons": [],
    }  # fmt: skip
    (maps / "t.json").write_text(json.dumps(document))
    out = tmp_path / "out"
    assert rebuild(films, out, release, timemap=str(maps)).complete
    path = out / receipts(out)["d"]["audio"]["path"]
    strict = rebuild(films, out, release, timemap=str(maps), policy="paper")
    assert not strict.complete
    assert receipts(out)["d"]["status"] == "refused"
    assert not path.exists()


@pytest.mark.slow
def test_an_extension_that_the_film_lacks_costs_no_dialogue(
    tmp_path: Path, films: Path, make_release: MakeRelease
) -> None:
    last = row("d", END_MS - 2000, END_MS - 500)
    last["turns"][0]["next_start_ms"] = END_MS + 5000
    release = make_release([{"title_id": "t"}], [last])
    rebuild(films, tmp_path / "out", release, timemap="identity", params={"extend_to_next": True})
    made = receipts(tmp_path / "out")["d"]
    assert made["status"] == "built", made["message"]
    assert made["clip"]["media_end"] == pytest.approx(N_FRAMES / FPS, abs=1e-3)


@pytest.mark.slow
def test_a_keyframe_out_of_place_costs_no_dialogue(
    tmp_path: Path, films: Path, make_release: MakeRelease
) -> None:
    odd = row("d", 1000, 3000)
    odd["turns"][0]["keyframe"] = {"t_ms": 900_000}
    release = make_release([{"title_id": "t"}], [odd])
    rebuild(films, tmp_path / "out", release, timemap="identity", params={"profile": "keyframes"})
    made = receipts(tmp_path / "out")["d"]
    assert made["status"] == "built", made["message"]
    assert made["keyframes"][0]["media_time"] == pytest.approx(2.0, abs=1 / float(FPS))


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["loose", "webdataset", "parquet"])
def test_what_verify_finds_damaged_the_next_run_makes_anew(
    tmp_path: Path, films: Path, make_release: MakeRelease, layout: str
) -> None:
    release = make_release([{"title_id": "t"}], [row("d", 1000, 3000), row("e", 3000, 5000)])
    out = tmp_path / "out"
    rebuild(films, out, release, timemap="identity", layout=layout)
    before = receipts(out)
    fact = before["e"]["audio"]
    file = out / (fact["shard"] or fact["path"])
    content = bytearray(file.read_bytes())
    middle = (fact["offset"] or 0) + fact["bytes"] // 2 if layout != "parquet" else len(content) // 2
    content[middle : middle + 30] = bytes(30)
    file.write_bytes(content)

    assert verify_output(out).faults
    assert rebuild(films, out, release, timemap="identity", layout=layout).complete
    assert not verify_output(out).faults
    assert {i: r["audio"]["sha256"] for i, r in receipts(out).items()} == {
        i: r["audio"]["sha256"] for i, r in before.items()
    }
    assert rebuild(films, out, release, timemap="identity", layout=layout).kept == 2
