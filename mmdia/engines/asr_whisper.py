"""Speech recognition by Whisper, run by faster-whisper (CTranslate2), with word times.

The model is one that the user has: a folder that a converter made, or a name whose files were
downloaded before. Nothing is downloaded unless that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.engines.passages import passages
from mmdia.errors import MissingDependency, MissingExtra, UsageError
from mmdia.schema.cue import Word

if TYPE_CHECKING:
    from mmdia.engines.ports import Samples

#: The model when none is named.
_USUAL = "small"

#: Passages are no longer than this, seconds: memory stays the same for any film.
_PASSAGE_S = 300.0


class WhisperRecognizer:
    """faster-whisper.

    Args:
        model: Folder of a converted model, or its name ("small", "owner/name"); None for "small".
        download: Whether a model that is not on this machine may be downloaded.
    """

    name = "whisper"

    def __init__(self, *, model: str | None = None, download: bool = False) -> None:
        self.model = model or _USUAL
        self.download = download
        self.identity = f"whisper-1:{_identity(self.model)}"

    def recognize(self, blocks: Iterable[Samples], language: str | None = None) -> list[Word]:
        """See `Recognizer.recognize`. The first passage decides on an unknown language.

        Raises:
            UsageError: There is no such model, or it does not know the language.
            MissingDependency: The model's files are not on this machine.
            MissingExtra: faster-whisper is not installed.
        """
        model = open_whisper(self.model, download=self.download)
        tag = None if language is None else language.replace("_", "-").split("-")[0].lower()
        if tag is not None and tag not in model.supported_languages:
            raise UsageError("the Whisper model does not know this language", got=language)
        out: list[Word] = []
        for start, samples in passages(blocks, _PASSAGE_S):
            segments, info = model.transcribe(
                samples,
                language=tag,
                word_timestamps=True,
                # What was misheard once must not colour all that follows.
                condition_on_previous_text=False,
            )
            tag = info.language
            out += [_word(w, start) for segment in segments for w in segment.words or ()]
        return sorted((w for w in out if w.text), key=lambda w: w.start_s)


def open_whisper(name: str, *, download: bool = False, **options: Any) -> Any:
    """The library's model.

    Args:
        name: Folder of a converted model, or its name.
        download: Whether it may be downloaded.
        options: Further arguments of the library's model.

    Raises:
        UsageError: There is no such model.
        MissingDependency: The model's files are not on this machine.
        MissingExtra: faster-whisper is not installed.
    """
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise MissingExtra.of("faster-whisper", "asr") from error
    folder = Path(name)
    if folder.is_dir() and not (folder / "model.bin").is_file():
        raise UsageError("not a converted Whisper model", path=folder, expected="a file model.bin in it")
    try:
        return WhisperModel(name, local_files_only=not download, **options)
    except (ValueError, RuntimeError, OSError) as error:
        if folder.is_dir():
            raise UsageError("this Whisper model cannot be opened", path=folder, got=error) from error
        if "Invalid model size" in str(error):
            raise UsageError("no such Whisper model", got=name) from error
        raise MissingDependency(
            "this Whisper model is not on this machine",
            got=name,
            hint="Name a folder that holds one (whisper:FOLDER), or download it first.",
        ) from error


def _identity(model: str) -> str:
    """The name; of a folder, what tells its content from another's."""
    weights = Path(model) / "model.bin"
    if not weights.is_file():
        return model
    about = weights.stat()
    return f"{Path(model).resolve()}:{about.st_size}:{about.st_mtime_ns}"


def _word(word: Any, start_s: float) -> Word:
    return Word(start_s + float(word.start), start_s + float(word.end), str(word.word).strip())
