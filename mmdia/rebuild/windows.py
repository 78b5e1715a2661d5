"""From a dialogue and a time map to what must be cut: windows, turn times, stills, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from mmdia.align.dialogue import DialogueFit, judge, span_in
from mmdia.rebuild.config import ClipParams
from mmdia.schema.dialogue import Dialogue, nominal_span_ms
from mmdia.schema.receipt import TurnFact
from mmdia.schema.time import TimeMap
from mmdia.schema.timemap import LineRow


@dataclass(frozen=True, slots=True)
class Still:
    """A keyframe to take: for which turn, at which media second."""

    turn: int
    media_s: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A dialogue placed on a copy; seconds of player time.

    Attributes:
        start_s: Nominal start, without padding.
        end_s: Nominal end, without padding.
        scale: Media seconds per annotation second here.
        confidence: That of the weakest turn.
        stills: Keyframes to take.
        turns: Start, end and extended end of every turn; None where the row has no times.
        speed: Media seconds per second of the clip: 1, or the scale where it is to be restored.
        extra_s: How much of the end is courtesy (`--extend-to-next`): what the media lacks of it is
            left out.
    """

    start_s: float
    end_s: float
    scale: float
    confidence: float
    stills: tuple[Still, ...]
    turns: tuple[tuple[float, float, float | None] | None, ...]
    speed: Fraction = Fraction(1)
    extra_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TurnGroup:
    """Turns that share one sentence clip, and the media second at which it begins."""

    turns: tuple[int, ...]
    start_s: float


#: Speeds that differ less from 1 are the film's own: decimal spellings of one frame rate do.
_SAME_SPEED = 2e-6

#: Turns that overlap by less do not overlap: a map multiplies, and times come in milliseconds.
_TOUCH_S = 5e-4


def exact_speed(scale: float) -> Fraction:
    """A scale as the rational that it was written from; 1 where it is none but for rounding.

    The ratios of transfers (24000/25025, 1001/1000, ...) have small denominators, so the nearest
    such rational to the float is the ratio itself; any other scale is met within 1e-8.
    """
    if abs(scale - 1) < _SAME_SPEED:
        return Fraction(1)
    ratio = Fraction(scale).limit_denominator(100_000)
    return ratio if abs(float(ratio) - scale) < 1e-11 else Fraction(scale).limit_denominator(10**8)


def _still_times(dialogue: Dialogue) -> list[tuple[int, float]]:
    """Annotation second of each turn's keyframe: as annotated, else the turn's midpoint (paper A.6).

    A moment that is annotated outside the dialogue cannot be meant, and must not cost the dialogue.
    """
    out = []
    span = nominal_span_ms(dialogue) or (0, 0)
    for i, turn in enumerate(dialogue.turns):
        annotated = turn.keyframe.t_ms if turn.keyframe is not None else None
        if annotated is not None and span[0] <= annotated < span[1]:
            out.append((i, annotated / 1000))
        elif turn.start_ms is not None and turn.end_ms is not None:
            out.append((i, (turn.start_ms + turn.end_ms) / 2000))
    return out


def place(
    dialogue: Dialogue,
    time_map: TimeMap,
    lines: Mapping[tuple[str, int], LineRow],
    params: ClipParams,
    min_confidence: float,
) -> Placed | str:
    """Place a dialogue on a copy of the film.

    Args:
        dialogue: The dialogue; it has a film.
        time_map: Annotation time to media time.
        lines: Placed lines by dialogue and turn; a turn without one takes its piece's confidence.
        params: Padding and extension.
        min_confidence: Below it the dialogue is refused.

    Returns:
        Where it lies, or the reason code of a refusal: `no_span`, `absent_in_media`,
        `edit_inside`, `low_confidence`.
    """
    span = nominal_span_ms(dialogue)
    if span is None:
        return "no_span"
    start_s, end_s = span[0] / 1000, span[1] / 1000
    known = [row for i in range(len(dialogue.turns)) if (row := lines.get((dialogue.dialogue_id, i)))]
    fit = judge(start_s, end_s, known, time_map)
    if not isinstance(fit, DialogueFit):
        return fit
    if fit.confidence < min_confidence:
        return "low_confidence"
    run, end = fit.run, fit.end_s
    longer = nominal_span_ms(dialogue, extend_to_next=True) if params.extend_to_next else None
    if longer is not None:
        # An edit between this line and the next must not cost the dialogue: the extension is a courtesy.
        whole = span_in(time_map, start_s, longer[1] / 1000)
        end = end if whole is None else max(end, whole[2])
    turns: list[tuple[float, float, float | None] | None] = []
    for turn in dialogue.turns:
        if turn.start_ms is None or turn.end_ms is None:
            turns.append(None)
            continue
        nxt = turn.next_start_ms
        extended = None if nxt is None else run.extrapolate(max(nxt, turn.end_ms) / 1000)
        turns.append((run.extrapolate(turn.start_ms / 1000), run.extrapolate(turn.end_ms / 1000), extended))
    stills = tuple(Still(i, run.extrapolate(t)) for i, t in _still_times(dialogue) if params.wants_stills)
    one = len(fit.pieces) == 1
    scale = fit.pieces[0].scale if one else (fit.end_s - fit.start_s) / (end_s - start_s)
    speed = exact_speed(scale) if params.speed == "restore" else Fraction(1)
    return Placed(fit.start_s, end, scale, fit.confidence, stills, tuple(turns), speed, end - fit.end_s)


def padded(placed: Placed, pad_s: float, reach: tuple[float, float]) -> tuple[float, float]:
    """The nominal window with padding on both sides, as far as the media reaches.

    Padding is a courtesy: where the media has nothing to pad with, there is less of it.

    Args:
        placed: Where the dialogue lies.
        pad_s: Seconds of the clip to add on either side.
        reach: First and last second that a window may have (`mmdia.media.window.reach`).
    """
    pad_s *= float(placed.speed)
    start = min(placed.start_s, max(reach[0], placed.start_s - pad_s))
    end = max(placed.end_s - placed.extra_s, min(reach[1], placed.end_s + pad_s))
    return start, end


def turn_groups(placed: Placed, window: tuple[float, float]) -> list[TurnGroup]:
    """Which turns share a sentence clip, and where each of these begins: in order, rising.

    A clip runs from its first turn's start to the next clip's; the first begins with the window.
    Turns that overlap share one. A turn without times goes with the one before it in the dialogue
    (at its head, with the first that has times).

    Args:
        placed: The dialogue.
        window: Its nominal window with padding, media seconds.
    """
    timed = sorted((turn[0], turn[1], i) for i, turn in enumerate(placed.turns) if turn is not None)
    groups: list[tuple[float, list[int]]] = []
    reach = before = window[0]
    for start, end, i in timed:
        apart = start > max(reach - _TOUCH_S, before + _TOUCH_S)
        if not groups:
            groups.append((window[0], [i]))
        elif apart and start < window[1] - _TOUCH_S:
            groups.append((start, [i]))
        else:
            groups[-1][1].append(i)
        reach, before = max(reach, start, end), max(before, start)
    groups = groups or [(window[0], [])]
    home = {i: n for n, (_, turns) in enumerate(groups) for i in turns}
    last = 0 if not timed else home[min(home)]
    for i in range(len(placed.turns)):
        last = home.get(i, last)
        if i not in home:
            groups[last][1].append(i)
    return [TurnGroup(tuple(sorted(turns)), start) for start, turns in groups]


def join_empty(groups: Sequence[TurnGroup], kept: Sequence[int]) -> list[TurnGroup]:
    """Groups whose windows hold a frame; an empty one joins the next (the last, the one before).

    Args:
        groups: All groups.
        kept: Numbers of those that have a window, rising.
    """
    joined = {n: groups[n] for n in kept}
    for n, group in enumerate(groups):
        if n in joined or not kept:
            continue
        to = next((k for k in kept if k > n), kept[-1])
        joined[to] = replace(joined[to], turns=tuple(sorted({*joined[to].turns, *group.turns})))
    return [joined[n] for n in kept]


def turn_facts(placed: Placed, clip_start_s: float) -> tuple[TurnFact, ...]:
    """Turn times from the clip's first frame (a'), for the receipt: clip seconds, microseconds."""

    def within(media_s: float) -> float:
        return round((media_s - clip_start_s) / float(placed.speed), 6)

    rows = []
    for turn in placed.turns:
        if turn is None:
            rows.append(TurnFact(start=None, end=None))
            continue
        start, end, extended = turn
        rows.append(
            TurnFact(
                start=within(start),
                end=within(end),
                end_extended=None if extended is None else within(extended),
            )
        )
    return tuple(rows)
