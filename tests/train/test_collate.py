"""The collator: shapes, masks, labels, policies, workers."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import mmdia
from mmdia.errors import MediaError, MediaNotFound, UsageError
from mmdia.train import DialogueCollator

RATE = 8000
Row = dict[str, Any]


def turn(start: float | None, end: float | None, *speakers: str, text: str | None = "Hm.") -> Row:
    ms = [None if t is None else round(t * 1000) for t in (start, end)]
    return {
        "start_ms": ms[0],
        "end_ms": ms[1],
        "next_start_ms": None,
        "speakers": [*speakers],
        "text": text,
    }


def make_row(name: str, turns: list[Row], audio: str | None = None, **more: Any) -> Row:
    row: Row = {"dialogue_id": name, "turns": turns, "relationship": None, "interaction": None}
    row |= {"description": None, "emotion_intensity": None, "emotion_volatility": None}
    if audio is not None:
        spans = [
            {"start": None if t["start_ms"] is None else t["start_ms"] / 1000,
             "end": None if t["end_ms"] is None else t["end_ms"] / 1000, "end_extended": None}
            for t in turns
        ]  # fmt: skip
        row |= {"audio": {"bytes": None, "path": audio}, "clip_turns": spans}
        row |= {"clip": {"status": "built", "reasons": []}}
    return row | more


@pytest.fixture
def clip(tmp_path: Path) -> str:
    """One second of a ramp at 8 kHz."""
    path = tmp_path / "one.flac"
    soundfile.write(path, np.linspace(0.1, 0.9, RATE), RATE, subtype="PCM_16")
    return str(path)


def collator(**options: Any) -> DialogueCollator:
    return DialogueCollator(**{"sample_rate": RATE, "return_tensors": "np", **options})


def test_the_documented_batch(clip: str) -> None:
    rows = [
        make_row(
            "d1",
            [turn(0.0, 0.4, "ann"), turn(0.3, 0.8, "bob"), turn(None, None, "ann", "bob")],
            clip,
            relationship={"category": 3},
            interaction={"category": "Banter"},
            emotion_intensity=7.5,
            description="warm",
        ),
        make_row("d2", [turn(0.0, 0.5, "eve", text=None)], relationship={"category": None}),
    ]
    batch = collator(missing="zeros")(rows)
    shapes = {k: (str(v.dtype), v.shape) for k, v in batch.items() if isinstance(v, np.ndarray)}
    assert shapes == {
        "audio": ("float32", (2, RATE)),
        "audio_lengths": ("int64", (2,)),
        "audio_mask": ("bool", (2, RATE)),
        "turn_spans": ("float32", (2, 3, 2)),
        "turn_samples": ("int64", (2, 3, 2)),
        "turn_mask": ("bool", (2, 3)),
        "turn_timed": ("bool", (2, 3)),
        "speaker_ids": ("int64", (2, 3)),
        "speaker_mask": ("bool", (2, 3, 2)),
        "overlap": ("bool", (2, 3)),
        "relationship": ("int64", (2,)),
        "interaction": ("int64", (2,)),
        "emotion_intensity": ("float32", (2,)),
        "emotion_volatility": ("float32", (2,)),
    }
    assert batch["audio_lengths"].tolist() == [RATE, 0]
    assert batch["turn_samples"].tolist()[0] == [[0, 3200], [2400, 6400], [0, 0]]
    assert batch["turn_mask"].tolist() == [[True, True, True], [True, False, False]]
    assert batch["turn_timed"].tolist() == [[True, True, False], [True, False, False]]
    assert batch["speaker_ids"].tolist() == [[0, 1, 0], [0, -1, -1]]
    assert batch["speaker_mask"][0].tolist() == [[True, False], [False, True], [True, True]]
    assert batch["overlap"].tolist() == [[True, True, True], [False, False, False]]
    assert batch["relationship"].tolist() == [3, -100]
    assert batch["interaction"].tolist() == [9, -100]
    assert batch["emotion_intensity"][0] == 7.5
    assert math.isnan(batch["emotion_intensity"][1])
    assert batch["dialogue_id"] == ["d1", "d2"]
    assert batch["text"] == [["Hm.", "Hm.", "Hm."], [None]]
    assert batch["description"] == ["warm", None]
    assert batch["speaker_names"] == [["ann", "bob"], ["eve"]]
    assert batch["sample_rate"] == RATE


def test_every_documented_key_is_there(clip: str) -> None:
    import mmdia.train.collate as room

    documented = {
        line.split("``")[1] for line in (room.__doc__ or "").splitlines() if line.startswith("``")
    }
    assert documented == set(collator()([make_row("d", [turn(0, 1, "a")], clip)]))


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(
            st.tuples(st.floats(0, 3), st.floats(0, 3), st.sampled_from(["a", "b", "c"])),
            min_size=0,
            max_size=5,
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["keep", "mask"]),
)
def test_turn_laws(dialogues: list[list[tuple[float, float, str]]], overlaps: str) -> None:
    rows = [
        make_row(f"d{i}", [turn(a, b, who) for a, b, who in turns]) for i, turns in enumerate(dialogues)
    ]
    batch = collator(load_audio=False, overlaps=overlaps)(rows)
    counts = [len(t) for t in dialogues]
    mask = batch["turn_mask"]
    assert mask.shape == (len(rows), max(counts))
    if overlaps == "keep":
        assert mask.sum(axis=1).tolist() == counts
    else:
        assert not (mask & batch["overlap"]).any()
    assert not (batch["turn_timed"].sum(axis=1) > np.asarray(counts)).any()
    assert (batch["turn_samples"][..., 0] <= batch["turn_samples"][..., 1]).all()
    assert not batch["turn_samples"][~batch["turn_timed"]].any()
    np.testing.assert_array_equal(batch["speaker_mask"].any(axis=-1), batch["speaker_ids"] >= 0)
    assert (batch["speaker_ids"] >= 0).sum(axis=1).tolist() == counts


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=4), st.floats(0.05, 2.0))
def test_turns_lie_within_the_clip(
    tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[float, float]], max_seconds: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "law.flac"
    if not path.exists():
        soundfile.write(path, np.zeros(RATE), RATE)
    row = make_row("d", [turn(a, b, "a") for a, b in spans], str(path))
    for limit in (None, max_seconds):
        batch = collator(max_seconds=limit)([row])
        length = int(batch["audio_lengths"][0])
        assert length <= (RATE if limit is None else min(RATE, round(limit * RATE)))
        assert (batch["turn_samples"] >= 0).all()
        assert (batch["turn_samples"] <= length).all()
        assert (batch["turn_spans"] <= length / RATE + 1e-6).all()


def test_max_seconds_keeps_whole_turns(clip: str) -> None:
    row = make_row("d", [turn(0.0, 0.3, "a"), turn(0.4, 0.6, "b"), turn(0.7, 0.9, "a")], clip)
    batch = collator(max_seconds=0.65)([row])
    assert batch["turn_mask"].sum() == 2
    assert batch["text"] == [["Hm.", "Hm."]]
    assert batch["audio_lengths"].tolist() == [round(0.65 * RATE)]
    batch = collator(max_seconds=0.5)([row])
    assert batch["turn_mask"].sum() == 1
    assert batch["audio_lengths"].tolist() == [round(0.4 * RATE)], "ends where the next turn begins"
    batch = collator(max_seconds=0.2)([row])
    assert batch["turn_mask"].shape == (1, 0)
    assert batch["audio_lengths"].tolist() == [round(0.2 * RATE)]


def test_missing_raises_and_says_why(clip: str) -> None:
    turns = [turn(0, 1, "a")]
    with pytest.raises(MediaNotFound, match="data_dir"):
        collator()([make_row("d", turns)])
    refused = make_row("d", turns, clip="", audio=None)
    refused |= {"audio": None, "clip": {"status": "refused", "reasons": ["wrong_film"]}, "clip_turns": None}
    with pytest.raises(MediaNotFound, match=r"dialogue d has no clip; got refused \(wrong_film\)"):
        collator()([refused])


def test_missing_drop(clip: str) -> None:
    rows = [make_row("none", [turn(0, 1, "a")]), make_row("some", [turn(0, 1, "a")], clip)]
    assert collator(missing="drop")(rows)["dialogue_id"] == ["some"]
    with pytest.raises(UsageError, match=r"1 rows, all left out \(no_clip 1\)"):
        collator(missing="drop")(rows[:1])


def test_all_missing_as_zeros() -> None:
    batch = collator(missing="zeros")([make_row("d", [turn(0, 1, "a")])])
    assert batch["audio"].shape == batch["audio_mask"].shape == (1, 0)
    assert batch["audio_lengths"].tolist() == [0]
    assert batch["turn_samples"].tolist() == [[[0, RATE]]]


def test_a_vanished_clip_always_raises(tmp_path: Path) -> None:
    row = make_row("d", [turn(0, 1, "a")], str(tmp_path / "gone.flac"))
    with pytest.raises(MediaNotFound, match=r"gone\.flac"):
        collator(missing="zeros")([row])


def test_another_sample_rate_is_named(clip: str) -> None:
    with pytest.raises(MediaError, match="expected 24000 Hz; got 8000 Hz") as error:
        DialogueCollator()([make_row("d", [turn(0, 1, "a")], clip)])
    assert "--sample-rate 24000" in str(error.value)


def test_without_audio_no_file_is_read(tmp_path: Path) -> None:
    row = make_row("d", [turn(0, 1, "a")], str(tmp_path / "gone.flac"))
    batch = collator(load_audio=False)([row])
    assert not any(key.startswith("audio") for key in batch)


@pytest.mark.parametrize(
    ("category", "label"), [(-1, -7), (None, -7), ("Nonsense", -7), ("Family", 3), (0, 0)]
)
def test_labels(category: object, label: int) -> None:
    row = make_row("d", [], relationship={"category": category})
    assert collator(load_audio=False, ignore_index=-7)([row])["relationship"].tolist() == [label]


@pytest.mark.parametrize(
    "options",
    [
        {"missing": "ignore"},
        {"overlaps": "drop"},
        {"return_tensors": "tf"},
        {"sample_rate": 0},
        {"max_seconds": -1.0},
        {"vocab": "none-such"},
    ],
)
def test_a_bad_option_is_refused_at_birth(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        DialogueCollator(**options)


def test_it_is_a_frozen_value_that_pickles() -> None:
    one = collator(max_seconds=3.0)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(AttributeError):
        one.missing = "drop"  # type: ignore[misc]


def test_no_rows_is_an_error() -> None:
    with pytest.raises(UsageError, match="0 rows"):
        collator()([])


def test_the_room_opens_without_torch_or_datasets() -> None:
    code = """
import sys
import mmdia.train
assert "numpy" not in sys.modules
from mmdia.train import DialogueCollator
row = {"dialogue_id": "d", "turns": [{"start_ms": 0, "end_ms": 10, "speakers": ["a"], "text": "x"}]}
DialogueCollator(load_audio=False, return_tensors="np")([row])
print(sorted({"torch", "datasets", "soundfile", "pydantic"} & set(sys.modules)))
"""
    assert run(code).strip() == "[]"


def test_auto_falls_back_on_numpy_and_pt_asks_for_the_extra() -> None:
    code = """
import sys
sys.modules["torch"] = None
from mmdia.train import DialogueCollator
row = {"dialogue_id": "d", "turns": []}
print(type(DialogueCollator(load_audio=False)([row])["turn_mask"]).__module__)
try:
    DialogueCollator(load_audio=False, return_tensors="pt")([row])
except ImportError as error:
    print(error)
"""
    assert run(code).splitlines() == ["numpy", "torch is not installed. Run: pip install 'mmdia[torch]'"]


def run(code: str) -> str:
    repo = Path(mmdia.__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(repo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.needs_torch
@pytest.mark.slow
def test_torch_tensors_share_types_and_values(clip: str) -> None:
    torch = pytest.importorskip("torch")
    row = make_row("d", [turn(0, 0.5, "a"), turn(0.5, 1, "b")], clip)
    arrays, tensors = collator()([row]), collator(return_tensors="auto")([row])
    for key, value in arrays.items():
        if isinstance(value, np.ndarray):
            assert isinstance(tensors[key], torch.Tensor)
            np.testing.assert_array_equal(tensors[key].numpy(), value)
            assert str(tensors[key].dtype).removeprefix("torch.") == str(value.dtype)
        else:
            assert tensors[key] == value


@pytest.mark.needs_torch
@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_data_loader_workers(clip: str, start: str) -> None:
    pytest.importorskip("torch")
    # In a process of its own: forking the test process would warn of its threads.
    code = f"""
from torch.utils.data import DataLoader
from mmdia.train import DialogueCollator

def main():
    turns = [dict(start_ms=0, end_ms=500, speakers=["a"], text="x")]
    audio = dict(bytes=None, path={clip!r})
    rows = [dict(dialogue_id=str(i), turns=turns, audio=audio) for i in range(6)]
    loader = DataLoader(rows, batch_size=2, num_workers=2, multiprocessing_context={start!r},
                        collate_fn=DialogueCollator(sample_rate={RATE}))
    for batch in loader:
        assert tuple(batch["audio"].shape) == (2, {RATE}), batch["audio"].shape
        print(*batch["dialogue_id"])

if __name__ == "__main__":
    main()
"""
    script = Path(clip).with_name("main.py")
    script.write_text(code, encoding="utf-8")
    repo = Path(mmdia.__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(repo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["0 1", "2 3", "4 5"]
