"""From a receipt to a view of its clip: files of the rebuild, or the film they were cut from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mmdia.corpus.view_sources import ClipPicture, ClipSound, FilmPicture, FilmSound, Stretch
from mmdia.corpus.views import ClipView
from mmdia.errors import MediaError
from mmdia.media.mix import Channels
from mmdia.media.probe import probe
from mmdia.media.readers import Choice
from mmdia.rebuild.attach_rows import ReceiptRows
from mmdia.rebuild.windows import exact_speed
from mmdia.schema.names import real_path
from mmdia.schema.receipt import Receipt, Stored
from mmdia.store.shards import inside, is_stored, reference

Source = Literal["auto", "clips", "film"]
SOURCES: tuple[Source, ...] = ("auto", "clips", "film")

#: Reasons of a receipt for which no sound was taken from a film that has one.
_SILENT = frozenset({"audio_language_mismatch", "commentary", "no_audio", "no_such_track"})
_STORED = set(Stored.model_fields)


@dataclass(frozen=True, slots=True)
class ViewParams:
    """How views are made.

    Attributes:
        source: ``clips`` of the rebuild, the ``film`` itself, or ``auto``: clips where there are.
        films: Folder of the films; None when only clips are read.
        backend: Who reads.
        sample_rate: Rate of sound from films for which the receipt names none, Hz.
        channels: Channels of the same.
        trusted: The receipt was made here: films may lie anywhere.
    """

    source: Source = "auto"
    films: str | None = None
    backend: Choice = "auto"
    sample_rate: int = 24_000
    channels: Channels = "mono"
    trusted: bool = False


class MediaTransform:
    """A transform that adds media to a batch of rows.

    Attributes:
        column: Name of what it adds; ``<column>_reasons`` comes with it.
        before: The transform that runs before it; None for none.
    """

    column: str
    before: Any

    def stream(self, rows: Any) -> Any:
        """A stream of the rows with their media."""
        return rows.map(self, batched=True, batch_size=16)


def view_of(
    rows: ReceiptRows, dialogue_id: str, params: ViewParams
) -> tuple[ClipView | None, tuple[str, ...]]:
    """The view of a dialogue, or None; with reason codes (of a view: what is missing in it)."""
    if dialogue_id not in rows:
        return None, ("no_receipt",)
    receipt = rows[dialogue_id]
    if receipt.status != "built" or receipt.clip is None:
        return None, tuple(receipt.reasons) or (receipt.status,)
    why = "film_gone"
    if params.source != "film":
        made = _from_clips(rows.folder, receipt, params)
        if isinstance(made, ClipView):
            return made, tuple(receipt.reasons)
        why = made
    if params.films is not None and params.source != "clips":
        made = _from_film(rows, receipt, params)
        if isinstance(made, ClipView):
            return made, tuple(receipt.reasons)
        why = made
    return None, (*receipt.reasons, why)


def _from_clips(folder: Path, receipt: Receipt, params: ViewParams) -> ClipView | str:
    if receipt.audio is None and receipt.video is None:
        return "no_clip"
    facts = [fact.model_dump(include=_STORED) for fact in (receipt.audio, receipt.video) if fact]
    if not is_stored(folder, {"audio": facts[0], "video": facts[-1]}):
        return "clip_gone"
    paths = [
        None if f is None else reference(folder, f.model_dump()) for f in (receipt.audio, receipt.video)
    ]
    return ClipView(
        receipt.dialogue_id,
        None if paths[0] is None else ClipSound(paths[0]),
        None if paths[1] is None else ClipPicture(paths[1]),
        _turns(receipt),
        backend=params.backend,
        source="clip",
    )


def _from_film(rows: ReceiptRows, receipt: Receipt, params: ViewParams) -> ClipView | str:
    if receipt.media is None or receipt.clip is None:
        return "film_gone"
    path = _film_path(Path(str(params.films)), receipt.media.path, trusted=params.trusted)
    if path is None:
        return "film_gone"
    if receipt.media.size is not None and os.stat(path).st_size != receipt.media.size:
        return "film_changed"
    held = _holds(str(path), os.stat(path).st_mtime_ns)
    if held is None:
        return "invalid_media"
    track = rows.tracks.get(str(receipt.title_id))
    speed = "1" if receipt.clip.restored is None else str(exact_speed(receipt.clip.scale))
    stretch = Stretch(
        str(path), receipt.clip.media_start, receipt.clip.media_end, track, speed, receipt.media.hash
    )
    silent = not held[1] or (receipt.audio is None and not _SILENT.isdisjoint(receipt.reasons))
    return ClipView(
        receipt.dialogue_id,
        None if silent else _film_sound(stretch, receipt, params),
        FilmPicture(stretch, _size(receipt)) if held[0] else None,
        _turns(receipt),
        backend=params.backend,
        source="film",
    )


def _film_sound(stretch: Stretch, receipt: Receipt, params: ViewParams) -> FilmSound:
    """The sound by the parameters of the clip's receipt: its samples are to be the clip's."""
    fact = receipt.audio
    if fact is None:
        return FilmSound(stretch, params.sample_rate, params.channels)
    channels: Channels = "mono" if fact.channels == 1 else "stereo"
    return FilmSound(stretch, fact.sample_rate, "keep" if fact.channel_rule == "keep" else channels)


def _size(receipt: Receipt) -> tuple[int, int] | None:
    """Size of the clip's picture, where it was encoded anew."""
    fact = receipt.video
    if fact is None or fact.edit_list or fact.width is None or fact.height is None:
        return None
    return fact.width, fact.height


def _turns(receipt: Receipt) -> tuple[tuple[float, float] | None, ...]:
    return tuple(None if t.start is None or t.end is None else (t.start, t.end) for t in receipt.turns)


def _film_path(films: Path, named: str, *, trusted: bool) -> Path | None:
    """The film that a receipt names; receipts are exchanged, so only within the user's own folder."""
    named = real_path(named)
    path = films / named if trusted else inside(films, named)
    if not path.is_file() and not trusted and Path(named).is_absolute():
        # A media map may name films by their full path: taken when it leads into the folder.
        full = Path(os.path.normpath(named))
        path = full if full.is_relative_to(films.absolute()) else path
    return path if path.is_file() else None


@lru_cache(maxsize=4096)
def _holds(path: str, changed: int) -> tuple[bool, bool] | None:
    """Whether a film has a picture and a sound; None when it cannot be opened."""
    try:
        found = probe(path)
    except MediaError:
        return None
    return bool(found.video), bool(found.audio)
