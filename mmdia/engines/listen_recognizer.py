"""Listening by any recogniser that another package brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmdia.engines.comparison import share_heard
from mmdia.engines.ports import Heard, Recognizer

if TYPE_CHECKING:
    from mmdia.engines.ports import Samples


class RecognizerListener:
    """Compares what a recogniser writes down with the text.

    Args:
        recognizer: The recogniser. Its attributes ``languages`` (primary tags; absent: all) and
            ``listen_threshold`` are heeded where it has them.
    """

    best_s = 0.0

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self.name = recognizer.name
        self.identity = recognizer.identity
        self.default_threshold = float(getattr(recognizer, "listen_threshold", 0.3))

    def knows(self, language: str | None) -> bool:
        """See `Listener.knows`."""
        languages = getattr(self._recognizer, "languages", None)
        return languages is None or (language or "").replace("_", "-").split("-")[0].lower() in languages

    def listen(self, text: str, samples: Samples, language: str | None = None) -> Heard:
        """See `Listener.listen`."""
        heard = " ".join(word.text for word in self._recognizer.recognize([samples], language))
        return Heard(*share_heard(text, heard, language), heard)
