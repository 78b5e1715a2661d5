"""Frames through a pipe from the ffmpeg program, its command built by ffmpeg-python.

Exact because nothing is sought: each request decodes from the film's start and counts frames.
That makes it slow far into a film; it is here for films that only the local ffmpeg can decode.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.backends.indexed import IndexedReader
from mmdia.media.backends.port import Picture
from mmdia.media.graph import find_ffmpeg, last_lines
from mmdia.media.probe import probe


class PipeReader(IndexedReader):
    """One ffmpeg process per request.

    Raises:
        MissingTool: No ffmpeg program is found.
    """

    name = "ffmpeg"

    def __init__(self, path: str | Path) -> None:
        self._program = find_ffmpeg()
        super().__init__(path)
        stream = next(v for v in probe(path).video if v.index == self.video.stream)
        lying = stream.rotation in (90, 270)
        self._size = (stream.width, stream.height) if lying else (stream.height, stream.width)

    def _fetch(self, first: int, count: int) -> Iterator[Picture]:
        command = self._command(first, count)
        height, width = self._size
        n_bytes = height * width * 3
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            if process.stdout is None or process.stderr is None:
                raise MediaUnreadable("ffmpeg gives no output", path=self.path)
            try:
                for number in range(first, first + count):
                    raw = process.stdout.read(n_bytes)
                    if len(raw) < n_bytes:
                        told = last_lines(process.stderr.read())
                        raise MediaUnreadable("ffmpeg gives fewer frames", path=self.path, got=told)
                    rgb = np.frombuffer(raw, np.uint8).reshape(height, width, 3)
                    yield self._picture(number, rgb)
            finally:
                process.kill()

    def _command(self, first: int, count: int) -> list[str]:
        import ffmpeg

        picture = ffmpeg.input(str(self.path))[str(self.video.stream)]
        picture = picture.filter("trim", start_frame=first, end_frame=first + count)
        # Even stamps keep ffmpeg from doubling or dropping frames of a variable rate.
        picture = picture.filter("setpts", "N/FRAME_RATE/TB")
        out = ffmpeg.output(picture, "pipe:", format="rawvideo", pix_fmt="rgb24", loglevel="error")
        return [str(part) for part in ffmpeg.compile(out, cmd=str(self._program))]
