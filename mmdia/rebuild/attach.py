"""``mmdia.attach_media``: lazy clips for the rows of a dataset, without preparing it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from mmdia.corpus.receipts import RECEIPT_FILE
from mmdia.corpus.views import ClipView
from mmdia.errors import MediaNotFound, UsageError
from mmdia.media.readers import Choice, check_choice
from mmdia.rebuild.attach_films import locate_in_films
from mmdia.rebuild.attach_rows import receipt_rows
from mmdia.rebuild.attach_view import SOURCES, MediaTransform, Source, ViewParams, view_of
from mmdia.rebuild.config import ClipParams

Decode: TypeAlias = Literal["view", "audio", "frames"] | Callable[[ClipView], Any]
Batch = dict[str, list[Any]]


@dataclass(frozen=True)
class ClipViews(Mapping[str, "ClipView | None"]):
    """Views by dialogue: a plain value that pickles; the receipt is read where it is used.

    Attributes:
        folder: The folder of the receipt.
        params: How views are made.
    """

    folder: str
    params: ViewParams = field(default_factory=ViewParams)

    def __getitem__(self, dialogue_id: str) -> ClipView | None:
        """The view of a dialogue, None where it has no clip.

        Raises:
            KeyError: The receipt does not name the dialogue.
        """
        if dialogue_id not in receipt_rows(self.folder):
            raise KeyError(dialogue_id)
        return self.look(dialogue_id)[0]

    def look(self, dialogue_id: str) -> tuple[ClipView | None, tuple[str, ...]]:
        """The view or None, and reason codes: why there is none, or what is missing in it."""
        return view_of(receipt_rows(self.folder), dialogue_id, self.params)

    def __iter__(self) -> Iterator[str]:
        return iter(receipt_rows(self.folder))

    def __len__(self) -> int:
        return len(receipt_rows(self.folder))


def clip_views(
    media_dir: str | Path,
    *,
    films: str | Path | None = None,
    annotations: str | Path | None = None,
    source: Source = "auto",
    backend: Choice = "auto",
    clip: ClipParams | None = None,
) -> ClipViews:
    """Views of all dialogues by their ids.

    Args:
        media_dir: The output folder of a rebuild; or a folder of films, whose dialogues are then
            matched and aligned as a rebuild does (once: what was found is kept).
        films: With a rebuild: the folder of its films, to read straight from them.
        annotations: With a folder of films: the release; None takes the usual order.
        source: ``clips`` of the rebuild, the ``film``, or ``auto``: clips where there are.
        backend: av, torchcodec, decord, soundfile, auto, or ``{"picture": ..., "sound": ...}``.
        clip: With a folder of films: padding, sample rate, channels, sound track and speed.

    Raises:
        MediaNotFound: There is no such folder.
        UsageError: Arguments that do not go together.
        ReleaseError: The release cannot be used.
    """
    place = Path(media_dir).expanduser().absolute()
    if source not in SOURCES:
        raise UsageError("no such source of media", expected=", ".join(SOURCES), got=repr(source))
    check_choice(backend)
    if not place.is_dir():
        raise MediaNotFound("no such media folder", path=place)
    if (place / RECEIPT_FILE).is_file():
        if source == "film" and films is None:
            raise UsageError(
                "films are to be read, but where are they?", hint="Name their folder: films=..."
            )
        folder = None if films is None else Path(films).expanduser().absolute()
        if folder is not None and not folder.is_dir():
            raise MediaNotFound("no such folder of films", path=folder)
        return ClipViews(str(place), ViewParams(source, None if folder is None else str(folder), backend))
    if source == "clips":
        raise UsageError("clips are to be read, but this is no rebuild", path=place, expected=RECEIPT_FILE)
    params = clip or ClipParams()
    found = locate_in_films(place, annotations, params)
    return ClipViews(
        str(found),
        ViewParams("film", str(place), backend, params.sample_rate, params.channels, trusted=True),
    )


@dataclass(frozen=True)
class Attached(MediaTransform):
    """What adds the column to a batch of rows; pickles, and reads receipts where it runs."""

    views: ClipViews
    column: str = "media"
    decode: Decode = "view"
    before: Callable[[Batch], Batch] | None = None

    def __call__(self, batch: Batch) -> Batch:
        """The batch with ``media`` and ``media_reasons``."""
        made = dict(batch) if self.before is None else dict(self.before(batch))
        if "dialogue_id" not in batch:
            raise UsageError("rows need their dialogue_id to get media", got=", ".join(batch))
        looked = [self.views.look(dialogue_id) for dialogue_id in batch["dialogue_id"]]
        made[self.column] = [None if view is None else _decoded(view, self.decode) for view, _ in looked]
        made[f"{self.column}_reasons"] = [list(reasons) for _, reasons in looked]
        return made


def _decoded(view: ClipView, decode: Decode) -> Any:
    if decode == "view":
        return view
    if decode == "audio":
        sound = view.audio()
        return None if sound is None else {"array": sound.mono, "sampling_rate": sound.rate}
    if decode == "frames":
        frames = view.frames()
        return None if frames is None else {"rgb": frames.rgb, "times_s": frames.times_s}
    return decode(view)


def attach_media(
    ds: Any,
    media_dir: str | Path | None = None,
    *,
    films: str | Path | None = None,
    annotations: str | Path | None = None,
    source: Source = "auto",
    backend: Choice = "auto",
    clip: ClipParams | None = None,
    column: str = "media",
    decode: Decode = "view",
) -> Any:
    """Give the rows of a dataset lazy views of their clips; nothing is prepared or read now.

    Rows get `column` (a `mmdia.corpus.views.ClipView`, or None) and ``<column>_reasons`` (reason
    codes: why there is none). The receipt is looked at again when it changes, so clips that a later
    rebuild adds appear in the same dataset.

    Args:
        ds: `datasets.Dataset`, `DatasetDict`, or a streaming one of either, with ``dialogue_id``.
        media_dir: See `clip_views`, and so for the next five. May be left out when `films` is named.
        films: Folder of the films.
        annotations: The release.
        source: clips, film or auto.
        backend: Who reads.
        clip: How films are cut.
        column: Name of the new column.
        decode: ``view``; ``audio`` for ``{"array": float32 (n,), "sampling_rate"}``; ``frames`` for
            ``{"rgb": uint8 (n, h, w, 3), "times_s"}``; or a function of the view.

    Returns:
        A dataset of the same kind; the given one is left as it was.

    Raises:
        UsageError: No such dataset, column, or arguments that do not go together; or the dataset is of
            another release than the media.
        MediaNotFound: There is no such folder.
        ReleaseError: The release cannot be used.
    """
    if media_dir is None:
        if films is None:
            raise UsageError("where is the media?", hint="Name a rebuild's output, or a folder: films=...")
        media_dir, films = films, None
    if not callable(decode) and decode not in ("view", "audio", "frames"):
        raise UsageError(
            "no such way to decode", expected="view, audio, frames, a function", got=repr(decode)
        )
    views = clip_views(
        media_dir, films=films, annotations=annotations, source=source, backend=backend, clip=clip
    )
    _refuse_strangers(ds, views)
    if isinstance(ds, dict):
        return type(ds)({name: _attach(part, Attached(views, column, decode)) for name, part in ds.items()})
    return _attach(ds, Attached(views, column, decode))


#: Rows that are looked at to see whether media and dataset belong together.
_LOOKED_AT = 100


def _refuse_strangers(ds: Any, views: ClipViews) -> None:
    """Refuse a dataset of which not one of the first dialogues is known: every row would be None."""
    parts = list(ds.values()) if isinstance(ds, dict) else [ds]
    for part in parts:
        if not hasattr(part, "with_transform") or "dialogue_id" not in part.column_names or not len(part):
            continue  # a stream is not read ahead; other faults are told by `_attach`
        rows = part.with_format(None).select_columns("dialogue_id")[:_LOOKED_AT]["dialogue_id"]
        known = set(views)
        if known and not any(name in known for name in rows):
            raise UsageError(
                "the media is of another release: not one of the first dialogues is known",
                path=views.folder, got=f"{rows[0]!r}, ...",
                hint="Name the release of the dataset: annotations=... (or rebuild from it).",
            )  # fmt: skip


def _attach(ds: Any, attached: Attached) -> Any:
    if not hasattr(ds, "map"):
        raise UsageError("this is no dataset", got=type(ds).__name__, expected="of Hugging Face datasets")
    names = getattr(ds, "column_names", None)
    if names is not None and "dialogue_id" not in names:
        raise UsageError("the dataset has no dialogue_id", got=", ".join(names))
    if names is not None and attached.column in names:
        raise UsageError(
            "the dataset has such a column", got=attached.column, hint="Name another: column=..."
        )
    if not hasattr(ds, "with_transform"):  # a stream: rows pass through as they come
        return attached.stream(ds)
    given = ds.format
    if given["type"] == "custom":
        kwargs = given["format_kwargs"]
        attached = Attached(attached.views, attached.column, attached.decode, kwargs["transform"])
    elif given["type"] is not None:
        raise UsageError(
            f"the dataset has the format {given['type']}", hint="Attach first, or ds.with_format(None)."
        )
    # Here, for it imports `datasets`.
    from mmdia.rebuild.attach_dataset import AttachedDataset

    return AttachedDataset.of(ds.with_transform(attached))
