"""What the rest of the house may ask of a model that listens.

Sound goes in as blocks: mono float32 at 16 kHz, full scale 1, in order, of any lengths; sample 0 is
time 0. Whoever opens the film makes them, so no engine knows of files or containers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Heard:
    """What a listener says of a clip and its text.

    Attributes:
        score: Share of the text's words that were heard in order, 0..1.
        n_words: Words that were compared; those that the engine cannot know are left out.
        text: What was heard, where the engine writes it down.
    """

    score: float
    n_words: int
    text: str | None = None


class Listener(Protocol):
    """Tells how much of a text is said in a clip.

    Attributes:
        name: The word that reports use ("whisper", "sphinx").
        identity: Name, model and version: scores of equal identities can be compared.
        default_threshold: Median score of a title below which its sound does not say its text.
        best_s: Length of sound that the engine judges best, seconds: where the times of turns are
            known, it is given a few turns of about that length at a time; 0 for the whole clip.
    """

    name: str
    identity: str
    default_threshold: float
    best_s: float

    def knows(self, language: str | None) -> bool:
        """Whether the engine knows a language; None asks whether it finds out by itself."""
        ...

    def listen(self, text: str, samples: Samples, language: str | None = None) -> Heard:
        """How much of `text` is said in `samples`. Equal input gives equal output.

        Args:
            text: What ought to be said.
            samples: Sound of one clip, 16 kHz.
            language: Tag of the language, when known.
        """
        ...


class SpeechRater(Protocol):
    """Judges how good speech sounds.

    Attributes:
        name: The word that reports use ("dnsmos").
        identity: Name, model and version.
        keys: Names of the scores.
    """

    name: str
    identity: str
    keys: tuple[str, ...]

    def rate(self, samples: Samples) -> dict[str, float]:
        """Scores of one clip at 16 kHz, by name; mean opinion scores, 1 (bad) to 5 (excellent)."""
        ...
