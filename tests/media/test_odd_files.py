"""Real odd files: each is cut exactly as a plain decode of all of it shows, or refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdia.errors import MediaError, UsageError
from mmdia.media.cut import ClipRequest, cut_media
from mmdia.media.index import build_index
from mmdia.media.probe import MEDIA_SUFFIXES
from tests.media import truth

#: What must be refused, and a word of the reason.
REFUSED = {
    "lerobot-lfs-pointer.mp4": "LFS pointer",
    "shaka-sintel-audio-init.mp4": "no packet",
    "shaka-sintel-audio-segment.mp4": "one segment",
    "shaka-sintel-video-init.mp4": "no frame",
    "shaka-sintel-video-segment.mp4": "one segment",
}
#: Damaged within its pictures: clips of it must fail, or hold what decodes.
DAMAGED = {"decord-corrupted.mp4"}


@pytest.mark.slow
def test_real_files_are_exact_or_refused(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "media_edge").iterdir()) + sorted((shared_data / "clips").glob("*/*"))
    files = [f for f in files if f.suffix in MEDIA_SUFFIXES]
    assert len(files) > 20
    for file in files:
        if file.name in REFUSED:
            with pytest.raises(MediaError, match=REFUSED[file.name]):
                build_index(file)
        elif file.name not in DAMAGED:
            assert truth.faults_of(file, tmp_path) == [], file.name


@pytest.mark.slow
def test_every_file_gives_clips_or_reasons(shared_data: Path, tmp_path: Path) -> None:
    for file in sorted((shared_data / "media_edge").iterdir()):
        try:
            index = build_index(file)
        except (MediaError, UsageError):
            continue  # the reasons are looked at above
        end = index.duration_s
        wanted = [
            ClipRequest(
                n, a, b, video_path=tmp_path / f"{n}.mp4" if index.video else None,
                audio_path=tmp_path / f"{n}.flac" if index.audio else None,
            )
            for n, (a, b) in enumerate([(0.0, end / 2), (end / 3, end), (end * 0.9, end), (end, end + 5)])
        ]  # fmt: skip
        results = []
        cut_media(file, wanted, index=index, on_clip=results.append)
        assert sorted(r.key for r in results) == [0, 1, 2, 3], file.name
        for result in results:
            assert (result.error_code is None) == (not result.message), file.name
            if result.error_code is None and result.video is not None:
                assert result.video.n_frames == result.window.n_frames


@pytest.mark.slow
def test_a_damaged_file_is_not_passed_off_as_whole(shared_data: Path, tmp_path: Path) -> None:
    faults = truth.faults_of(shared_data / "media_edge" / "decord-corrupted.mp4", tmp_path)
    assert any("decode" in fault for fault in faults)
