"""Turns of a whole title -> dialogues, for sources that have none: by pauses, by scenes, or one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from mmdia.release.importers.options import ImportOptions
from mmdia.schema.dialogue import Turn
from mmdia.schema.release import Scene


def groups(
    turns: Sequence[Turn], title_id: str, options: ImportOptions
) -> Iterator[tuple[str, str | None, tuple[Turn, ...]]]:
    """Identifier, scene and turns of each dialogue, in order.

    A dialogue ends where the pause after everything said so far is longer than
    ``options.max_gap_s``, and where the scene changes. A turn belongs to the scene that holds its
    midpoint; between scenes it belongs to none. Without either, the title is one dialogue.

    Args:
        turns: The title's turns, in order of time; all have times.
        title_id: The title.
        options: The user's options.
    """
    scenes = sorted((s for s in options.scenes if s.title_id == title_id), key=lambda s: s.start_ms)
    limit = None if options.max_gap_s is None else options.max_gap_s * 1000
    held: list[Turn] = []
    held_scene: str | None = None
    end = 0
    number = 0
    for turn in turns:
        start, stop = turn.start_ms or 0, turn.end_ms or 0
        scene = scene_at(scenes, (start + stop) / 2)
        pause = limit is not None and start - end > limit
        if held and (pause or scene != held_scene):
            number += 1
            yield dialogue_name(title_id, number), held_scene, tuple(held)
            held = []
        if not held:
            end = stop
        held.append(turn)
        held_scene, end = scene, max(end, stop)
    if held:
        yield dialogue_name(title_id, number + 1), held_scene, tuple(held)


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
