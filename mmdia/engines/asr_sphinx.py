"""Speech recognition by PocketSphinx: English only; its wheel ships the model.

Far from today's word error rates, but its word times are good and it needs no download: enough for
rare words to anchor a film. It takes about as long as the film lasts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mmdia.engines.passages import passages
from mmdia.errors import MissingExtra, UsageError
from mmdia.schema.cue import Word

if TYPE_CHECKING:
    from mmdia.engines.ports import Samples

#: Passages are no longer than this, seconds: the decoder's memory grows with them.
_PASSAGE_S = 20.0

#: Frames a second of the decoder's word times.
_FRAMES = 100

#: What is no word: sentence marks, silence, noises.
_FILLER = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")

#: Numbers of variants of pronunciation: "the(2)".
_VARIANT = re.compile(r"\(\d+\)$")


class SphinxRecognizer:
    """PocketSphinx with its own English model."""

    name = "sphinx"
    identity = "sphinx-en-1"

    def __init__(self, *, model: str | None = None, download: bool = False) -> None:
        if model is not None:
            raise UsageError("the sphinx engine has one model", expected="sphinx", got=f"sphinx:{model}")

    def recognize(self, blocks: Iterable[Samples], language: str | None = None) -> list[Word]:
        """See `Recognizer.recognize`.

        Raises:
            UsageError: The language is not English.
            MissingExtra: pocketsphinx is not installed.
        """
        if language is not None and language.replace("_", "-").split("-")[0].lower() not in ("en", "eng"):
            raise UsageError("the sphinx engine knows English only", expected="en", got=language)
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise MissingExtra(
                "pocketsphinx is not installed", hint="Run: pip install pocketsphinx"
            ) from error
        decoder = Decoder(loglevel="FATAL")
        return [
            word
            for start, samples in passages(blocks, _PASSAGE_S)
            for word in _words(decoder, start, samples)
        ]


def _words(decoder: Any, start_s: float, samples: Samples) -> list[Word]:
    import numpy as np

    decoder.start_utt()
    decoder.process_raw((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    return [
        Word(
            start_s + seg.start_frame / _FRAMES,
            start_s + (seg.end_frame + 1) / _FRAMES,
            _VARIANT.sub("", seg.word),
        )
        for seg in decoder.seg() or ()
        if not _FILLER.match(seg.word)
    ]
