"""Listening by PocketSphinx's forced alignment: English only, its model in the wheel.

The text is laid over the sound as well as it goes. For every frame the aligner knows how well the
sound fits the phone it was given, against the phone that fits best of all; a word was heard when
its mean over frames is good enough (goodness of pronunciation; Witt and Young 2000). That costs
an eighth of free recognition and separates right from wrong better: the text is known, so nothing
need be guessed. A text that cannot be laid over the sound at all was not heard.
"""

from __future__ import annotations

import math
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mmdia.engines.comparison import primary, said_words
from mmdia.engines.ports import Heard
from mmdia.errors import MissingExtra

if TYPE_CHECKING:
    from mmdia.engines.ports import Samples

#: How far, per frame and as a natural logarithm, a word may fall behind the best phones. The median
#: clip of read, acted and synthetic speech then scores 0.85, 95 % of wrong texts below 0.14.
_HEARD = -6.0

#: Paths this much less probable than the best one are given up.
_BEAM = 1e-100

#: What a score that has left the range of numbers stands for.
_FLOOR = -745.0


class SphinxListener:
    """PocketSphinx with its own English model.

    Raises:
        MissingExtra: pocketsphinx is not installed.
    """

    name = "sphinx"
    #: Under music 10 dB below the voice, a few turns at a time: right texts 0.42 to 0.76, wrong ones
    #: 0 to 0.08. At 5 dB single right clips fall to 0; their median is 0.48.
    default_threshold = 0.3
    #: Over a long text the search more often loses the way, and then nothing was heard.
    best_s = 6.0

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise MissingExtra(
                "pocketsphinx is not installed", hint="Run: pip install pocketsphinx"
            ) from error
        self._decoder: Any = Decoder(
            lm=None,
            # All phones are scored in every frame: the best of them is what words are held against.
            compallsen=True,
            # The mean is taken over the clip itself: no clip colours the next.
            cmn="batch",
            beam=_BEAM,
            wbeam=_BEAM,
            pbeam=_BEAM,
            loglevel="FATAL",
        )
        self.identity = f"sphinx-align-1:en-us:{metadata.version('pocketsphinx')}"

    def knows(self, language: str | None) -> bool:
        """See `Listener.knows`."""
        return primary(language) in ("en", "eng")

    def listen(self, text: str, samples: Samples, language: str | None = None) -> Heard:
        """See `Listener.listen`. Words that the dictionary lacks (names) are not counted."""
        words = [word for word in said_words(text, "en") if self._decoder.lookup_word(word)]
        if not words or not len(samples):
            return Heard(0.0, len(words))
        heard = sum(score >= _HEARD for score in self._aligned(words, samples))
        return Heard(min(1.0, heard / len(words)), len(words))

    def _aligned(self, words: list[str], samples: Samples) -> list[float]:
        """Score a frame of every word; nothing where the words cannot be laid over the sound."""
        import numpy as np

        decoder = self._decoder
        pcm = np.clip(np.rint(np.asarray(samples, np.float64) * 32767), -32768, 32767).astype("<i2")
        decoder.set_align_text(" ".join(words))
        decoder.start_utt()
        decoder.process_raw(pcm.tobytes(), full_utt=True)
        decoder.end_utt()
        return [
            (math.log(seg.ascore) if seg.ascore > 0 else _FLOOR) / (seg.end_frame + 1 - seg.start_frame)
            for seg in decoder.seg() or ()
            if not seg.word.startswith("<")
        ]
