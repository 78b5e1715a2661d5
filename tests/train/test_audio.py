"""Reading clips and laying them side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmdia.errors import MediaNotFound, MediaUnreadable, UsageError
from mmdia.train import pad_clips, read_clip, unpad_clips

CLIPS = st.lists(
    hnp.arrays(np.float32, st.integers(0, 40), elements=st.floats(-1, 1, width=32)), min_size=1, max_size=6
)


@pytest.mark.slow
@given(CLIPS)
def test_unpad_undoes_pad(clips: list[np.ndarray]) -> None:
    padded, lengths, _ = pad_clips(clips)
    back = unpad_clips(padded, lengths)
    assert len(back) == len(clips)
    for clip, again in zip(clips, back, strict=True):
        np.testing.assert_array_equal(clip, again)


@pytest.mark.slow
@given(CLIPS)
def test_mask_counts_samples_and_hides_zeros(clips: list[np.ndarray]) -> None:
    padded, lengths, mask = pad_clips(clips)
    assert padded.dtype == np.float32
    assert lengths.dtype == np.int64
    assert mask.dtype == np.bool_
    assert padded.shape == mask.shape == (len(clips), max(len(c) for c in clips))
    np.testing.assert_array_equal(mask.sum(axis=1), lengths)
    np.testing.assert_array_equal(lengths, [len(c) for c in clips])
    assert not padded[~mask].any()
    # A mask is a run of True followed by a run of False.
    assert (np.diff(mask.astype(int), axis=1) <= 0).all()


def wave(folder: Path, samples: np.ndarray, rate: int = 8000, name: str = "a.flac") -> dict[str, object]:
    path = folder / name
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return {"bytes": None, "path": str(path)}


def test_reads_a_file_as_it_is(tmp_path: Path) -> None:
    samples = np.linspace(-0.5, 0.5, 800)
    read = read_clip(wave(tmp_path, samples))
    assert read is not None
    clip, rate = read
    assert (clip.dtype, clip.shape, rate) == (np.float32, (800,), 8000)
    np.testing.assert_allclose(clip, samples, atol=2**-15)


def test_reads_no_more_than_asked(tmp_path: Path) -> None:
    audio = wave(tmp_path, np.zeros(800))
    read = read_clip(audio, max_seconds=0.05)
    assert read is not None
    assert len(read[0]) == 400
    read = read_clip(audio, max_seconds=10.0)
    assert read is not None
    assert len(read[0]) == 800


def test_averages_channels(tmp_path: Path) -> None:
    read = read_clip(wave(tmp_path, np.array([[0.5, -0.25]] * 10)))
    assert read is not None
    np.testing.assert_allclose(read[0], 0.125, atol=2**-15)


def test_reads_embedded_bytes(tmp_path: Path) -> None:
    audio = wave(tmp_path, np.full(100, 0.25))
    content = Path(str(audio["path"])).read_bytes()
    read = read_clip({"bytes": content, "path": "gone.flac"})
    assert read is not None
    assert len(read[0]) == 100


@pytest.mark.parametrize("audio", [None, {"bytes": None, "path": None}])
def test_no_clip_is_none(audio: dict[str, object] | None) -> None:
    assert read_clip(audio) is None


def test_a_vanished_file_is_told_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound, match="Run the rebuild again"):
        read_clip({"bytes": None, "path": str(tmp_path / "gone.flac")})
    broken = tmp_path / "broken.flac"
    broken.write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    with pytest.raises(MediaUnreadable):
        read_clip({"bytes": None, "path": str(broken)})


def test_a_decoded_value_is_refused_with_the_cure() -> None:
    with pytest.raises(UsageError, match="decode=False"):
        read_clip({"array": np.zeros(3), "sampling_rate": 8000})
