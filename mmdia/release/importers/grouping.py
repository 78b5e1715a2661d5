"""Turns of a whole title -> dialogues, for sources that have none: by pauses, by scenes, or one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from mmdia.release.importers.options import ImportOptions
from mmdia.schema.dialogue import Turn
from mmdia.schema.release import Scene


class _HasStart(Protocol):
    @property
    def start_ms(self) -> int | None: ...


_Timed = TypeVar("_Timed", bound=_HasStart)


def groups(
    turns: Sequence[Turn], title_id: str, options: ImportOptions
) -> Iterator[tuple[str, str | None, tuple[Turn, ...]]]:
    """Identifier, scene and turns of each dialogue, in order.

    A dialogue ends where the pause after everything said so far is longer than
    ``options.max_gap_s``, and where the scene changes. A turn belongs to the scene that holds its
    midpoint; between scenes it belongs to none. A turn without times stays with the one before it.
    Without pauses and scenes, the title is one dialogue.

    Args:
        turns: The title's turns, in order (`in_time`).
        title_id: The title.
        options: The user's options.
    """
    scenes = sorted((s for s in options.scenes if s.title_id == title_id), key=lambda s: s.start_ms)
    limit = None if options.max_gap_s is None else options.max_gap_s * 1000
    held: list[Turn] = []
    held_scene: str | None = None
    end: int | None = None
    number = 0
    for turn in turns:
        start, stop = turn.start_ms, turn.end_ms
        if start is None or stop is None:
            held.append(turn)
            continue
        scene = scene_at(scenes, (start + stop) / 2)
        pause = end is not None and limit is not None and start - end > limit
        if end is not None and (pause or scene != held_scene):
            number += 1
            yield dialogue_name(title_id, number), held_scene, tuple(held)
            held, end = [], None
        held.append(turn)
        held_scene, end = scene, stop if end is None else max(end, stop)
    if held:
        yield dialogue_name(title_id, number + 1), held_scene, tuple(held)


def in_time(turns: Iterable[_Timed]) -> list[_Timed]:
    """Turns in order of time; what has none stays behind what it followed in the source."""
    last, keyed = 0, []
    for turn in turns:
        last = last if turn.start_ms is None else turn.start_ms
        keyed.append((last, turn))
    return [turn for _, turn in sorted(keyed, key=lambda pair: pair[0])]


def scene_at(scenes: Sequence[Scene], t_ms: float) -> str | None:
    """The scene that holds a time; of overlapping ones the one that began last."""
    place = bisect_right([scene.start_ms for scene in scenes], t_ms)
    for scene in reversed(scenes[:place]):
        if t_ms < scene.end_ms:
            return scene.scene_id
    return None


def dialogue_name(title_id: str, number: int) -> str:
    """Identifier of a title's n-th dialogue, from 1.

    >>> dialogue_name("tt0059742", 7)
    'tt0059742_dia_007'
    """
    return f"{title_id}_dia_{number:03d}"
