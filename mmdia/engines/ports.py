"""What the rest of the house may ask of a model that listens.

Sound goes in as blocks: mono float32 at 16 kHz, full scale 1, in order, of any lengths; sample 0 is
time 0. Whoever opens the film makes them, so no engine knows of files or containers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from mmdia.schema.activity import Activity
from mmdia.schema.cue import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples: TypeAlias = npt.NDArray[np.float32]

#: Samples a second of every block.
RATE = 16_000


class SpeechDetector(Protocol):
    """Tells how probable speech is, step by step.

    Attributes:
        name: The word that reports use ("webrtc", "silero").
        identity: Name with all that changes the answer; part of the key of cached results.
    """

    name: str
    identity: str

    def detect(self, blocks: Iterable[Samples]) -> Activity:
        """Probability of speech over the sound that the blocks make up; the first sample is at 0 s."""
        ...


class Recognizer(Protocol):
    """Writes down what is said, with the time of every word.

    Attributes:
        name: The word that reports use ("whisper", "sphinx").
        identity: Name with all that changes the answer; part of the key of cached results.
    """

    name: str
    identity: str

    def recognize(self, blocks: Iterable[Samples], language: str | None = None) -> list[Word]:
        """What is said, word by word, in order of time.

        Args:
            blocks: The sound.
            language: Tag of the language spoken, when known; the engine finds out otherwise.

        Raises:
            UsageError: The engine does not know the language.
        """
        ...
