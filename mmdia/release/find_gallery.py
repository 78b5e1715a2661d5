"""The gallery of a search: records and, where a rebuild is named, its clips."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import iter_titles
from mmdia.errors import MediaError, UsageError
from mmdia.pages.gallery import GalleryCard, GalleryTurn, gallery_page
from mmdia.pages.words import clock, lasting, plural
from mmdia.release.find_rows import Found, chosen_dialogues
from mmdia.schema.dialogue import Dialogue, NonVerbal, nominal_span_ms
from mmdia.schema.title import Title
from mmdia.store.atomic import atomic_write, write_text

if TYPE_CHECKING:
    from mmdia.schema.receipt import Receipt, Stored


def write_gallery(
    handle: ReleaseHandle,
    found: Found,
    page: str | Path,
    *,
    most: int = 500,
    clips: str | Path | None = None,
    on_broken: OnBroken = "raise",
) -> int:
    """Write the gallery of a result as one HTML file.

    Loose clips are linked where they lie, relative to the page; clips in shards are copied into
    ``<page>_clips`` beside it, since no browser reads shards.

    Args:
        handle: The release that was searched.
        found: The result.
        page: The file.
        most: Most cards; the page says how many more were found.
        clips: Output folder of a rebuild, or None for a page without players.
        on_broken: As it was for `find`.

    Returns:
        How many cards have a clip.

    Raises:
        ReleaseNotFound: `clips` holds no receipt.
        ReleaseError: The clips were rebuilt from another release.
        StoreError: The page cannot be written.
    """
    place = Path(page).expanduser()
    shown = found.limited(most)
    titles = {t.title_id: t for t in iter_titles(handle, on_broken=on_broken)} if most else {}
    film = None if clips is None else _Clips(clips, place, handle)
    made = {d.dialogue_id: d for d in chosen_dialogues(handle, shown, on_broken=on_broken)}
    cards = [
        _card(made[i], titles.get(made[i].title_id or ""), film)
        for i in dict.fromkeys(shown.ids)
        if i in made
    ]
    head = handle.head
    taken = found.table.num_rows
    lead = f"{plural(taken, 'dialogue')} of {found.searched:,} in {head.name} {head.version}"
    length = f"{found.hours:,.1f} hours" if found.hours >= 1 else lasting(found.hours * 3600)
    text = gallery_page(
        cards,
        title=f"Dialogues of {head.name}",
        lead=f"{lead}; {length}, {plural(found.titles, 'title')}.",
        left_out=taken - shown.table.num_rows,
        conditions=[(k.replace("_", " "), _said(v)) for k, v in found.query.to_row().items()],
    )
    write_text(place, text)
    return sum(card.audio_href is not None or card.video_href is not None for card in cards)


def _said(value: Any) -> str:
    """A condition in words."""
    if isinstance(value, Mapping):
        lo, hi = value["lo"], value["hi"]
        if lo == hi:
            return f"{lo:g}"
        return f"{hi:g} or less" if lo is None else f"{lo:g} or more" if hi is None else f"{lo:g} to {hi:g}"
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)


class _Clips:
    """Clips of a rebuild, as a page beside them sees them."""

    def __init__(self, folder: str | Path, page: Path, handle: ReleaseHandle) -> None:
        from mmdia.corpus.clips import check_origin
        from mmdia.corpus.receipts import read_receipts

        self.folder = Path(folder).expanduser()
        self.receipts = read_receipts(self.folder)
        check_origin(self.folder, handle.head)
        self.page = page
        self.copies = page.with_name(f"{page.stem}_clips")

    def href(self, fact: Stored | None) -> str | None:
        """The file of a clip as a path relative to the page; None when it is gone."""
        from mmdia.store.shards import inside, read_stored

        if fact is None:
            return None
        try:
            if fact.shard is None:
                path = inside(self.folder, fact.path)
            else:
                content = read_stored(self.folder, fact.model_dump(include=set(_STORED)))
                path = self.copies / "-".join(Path(fact.path).parts[-2:])
                with atomic_write(path) as stream:
                    stream.write(content)
        except MediaError:
            return None
        if not path.is_file():
            return None
        try:
            return Path(os.path.relpath(path.resolve(), self.page.parent.resolve())).as_posix()
        except ValueError as error:  # another drive
            raise UsageError("page and clips must lie on one drive", path=path, got=str(error)) from error


_STORED = ("path", "bytes", "shard", "offset", "row")


def _card(dialogue: Dialogue, title: Title | None, film: _Clips | None) -> GalleryCard:
    receipt = None if film is None else film.receipts.get(dialogue.dialogue_id)
    span = nominal_span_ms(dialogue)
    names = _names(dialogue, title)
    styles = {s.speaker_id: s.description for s in dialogue.speaker_styles}
    said = [s for turn in dialogue.turns for s in turn.speakers]
    who = dict.fromkeys([*(s.speaker_id for s in dialogue.speakers), *said, *styles])
    built = receipt is not None and receipt.status == "built"
    why: tuple[str, ...] = ()
    if film is not None and not built:
        why = ("no_receipt",) if receipt is None else (receipt.reasons or (receipt.status,))
    still = receipt.keyframes[0] if built and receipt is not None and receipt.keyframes else None
    category = {
        axis: (None, None) if value is None else (value.category, value.label)
        for axis, value in (("relationship", dialogue.relationship), ("interaction", dialogue.interaction))
    }
    return GalleryCard(
        dialogue_id=dialogue.dialogue_id,
        title=_title(title, dialogue.title_id),
        where="" if span is None else f"at {clock(span[0] / 1000)}",
        relationship=category["relationship"],
        interaction=category["interaction"],
        tone=dialogue.emotional_tone,
        intensity=dialogue.emotion_intensity,
        volatility=dialogue.emotion_volatility,
        seconds=None if span is None else (span[1] - span[0]) / 1000,
        tags=(*((dialogue.split,) if dialogue.split else ()), *dialogue.subsets),
        description=dialogue.description,
        summary=dialogue.summary,
        speakers=tuple((names.get(s, s), _facts(s, dialogue, title), styles.get(s)) for s in who),
        turns=tuple(_turns(dialogue, names, span, receipt if built else None)),
        audio_href=film.href(receipt.audio) if film and built and receipt else None,
        video_href=film.href(receipt.video) if film and built and receipt else None,
        poster_href=film.href(still) if film else None,
        why=why,
    )


def _turns(
    dialogue: Dialogue, names: dict[str, str], span: tuple[int, int] | None, receipt: Receipt | None
) -> list[GalleryTurn]:
    out = []
    for k, turn in enumerate(dialogue.turns):
        fact = receipt.turns[k] if receipt is not None and k < len(receipt.turns) else None
        play = None
        if fact is not None and fact.start is not None and fact.end is not None:
            play = (fact.start, fact.end)
        at = None if span is None or turn.start_ms is None else (turn.start_ms - span[0]) / 1000
        out.append(
            GalleryTurn(
                tuple(names.get(s, s) for s in turn.speakers), turn.text, turn.n_words, turn.style,
                turn.emotion, tuple(_sound(n) for n in turn.nonverbal), at, play, turn.visibility,
            )
        )  # fmt: skip
    return out


def _sound(mark: NonVerbal) -> str:
    return mark.label or mark.raw or mark.tag or mark.kind or "sound"


def _names(dialogue: Dialogue, title: Title | None) -> dict[str, str]:
    names = {c.speaker_id: c.name for c in title.speakers if c.name} if title is not None else {}
    return names | {s.speaker_id: s.name for s in dialogue.speakers if s.name}


def _facts(speaker_id: str, dialogue: Dialogue, title: Title | None) -> str:
    """Gender and age group; the dialogue's word goes before the bank's."""
    here = next((s for s in dialogue.speakers if s.speaker_id == speaker_id), None)
    bank = next((c for c in (title.speakers if title else ()) if c.speaker_id == speaker_id), None)
    found = [getattr(here, name, None) or getattr(bank, name, None) for name in ("gender", "age_group")]
    return ", ".join(str(f) for f in found if f)


def _title(title: Title | None, title_id: str | None) -> str:
    if title is None:
        return title_id or "a script without a film"
    name = title.name or title.title_id
    if title.series:
        number = "" if title.season is None or title.episode is None else (
            f" S{title.season:02d}E{title.episode:02d}"
        )  # fmt: skip
        name = f"{title.series}{number}" + (f": {title.name}" if title.name else "")
    return f"{name} ({title.year})" if title.year else name
