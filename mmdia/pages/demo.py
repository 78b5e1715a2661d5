"""The page of the demo: one dialogue set, rebuilt from several copies of a film, to hear and see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmdia.pages.cells import copy_plots, small, verdict_cell
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    bullets,
    code,
    el,
    fold,
    link,
    page,
    paragraph,
    player,
    section,
    table,
    words,
)
from mmdia.pages.words import DASH, clock, percent, plural, sentence, signed, tone, verdict
from mmdia.schema.reasons import explain
from mmdia.schema.timemap import TimeMapFile

#: (speaker, text, start, end); seconds from the clip's start.
ClipLine = tuple[str, str, float, float]


@dataclass(frozen=True)
class DemoClip:
    """One dialogue cut from one copy.

    Attributes:
        dialogue_id: The dialogue.
        title: Name to show.
        audio_href: Relative path of the sound, plain (this page quotes it); None when not built.
        video_href: Relative path of the picture.
        poster_href: Relative path of a still.
        lines: (speaker, text, start, end) of each turn, seconds from the clip's start.
        first_frame_ok: Whether the first frame is the one that the annotation means; None: not checked.
        last_frame_ok: The same of the last frame.
        status: Receipt status: built, refused, ...
        reasons: Reason codes.
    """

    dialogue_id: str
    title: str
    audio_href: str | None = None
    video_href: str | None = None
    poster_href: str | None = None
    lines: Sequence[ClipLine] = ()
    first_frame_ok: bool | None = None
    last_frame_ok: bool | None = None
    status: str = "built"
    reasons: Sequence[str] = ()


@dataclass(frozen=True)
class DemoCopy:
    """One copy of the film and what was rebuilt from it.

    Attributes:
        name: Short name.
        description: What was done to this copy.
        verdict: What the alignment found, in words of the time map.
        confidence: Probability of the right film, 0..1.
        offset_s: Offset of the first piece, seconds; None when nothing was placed.
        scale: Media seconds per annotation second.
        scale_ratio: The same as an exact rational, where one was recognised.
        built: Dialogues built.
        total: Dialogues asked for.
        refused: Reason codes of what was not built, with counts.
        timemap: The time map.
        clips: The clips.
    """

    name: str
    description: str
    verdict: str
    confidence: float
    offset_s: float | None
    scale: float
    scale_ratio: str | None
    built: int
    total: int
    refused: Mapping[str, int]
    timemap: TimeMapFile
    clips: Sequence[DemoClip] = field(default_factory=tuple)


#: Seeks a player when a turn is pressed, marks the turn that is heard, and stops other players.
SCRIPT = """
(function () {
  'use strict';
  var clips = document.querySelectorAll('.clip');
  Array.prototype.forEach.call(clips, function (clip) {
    var players = clip.querySelectorAll('video,audio');
    var turns = clip.querySelectorAll('button[data-start]');
    var current = players[0];
    function start(turn) { return parseFloat(turn.getAttribute('data-start')); }
    function mark(player) {
      Array.prototype.forEach.call(turns, function (turn) {
        var end = parseFloat(turn.getAttribute('data-end'));
        var now = player.currentTime >= start(turn) - 0.01 && player.currentTime < end;
        turn.classList.toggle('now', now && !player.ended);
        if (now) { turn.setAttribute('aria-current', 'true'); }
        else { turn.removeAttribute('aria-current'); }
      });
    }
    Array.prototype.forEach.call(players, function (player) {
      player.addEventListener('timeupdate', function () { mark(player); });
      player.addEventListener('play', function () {
        current = player;
        Array.prototype.forEach.call(document.querySelectorAll('video,audio'), function (other) {
          if (other !== player) { other.pause(); }
        });
      });
    });
    Array.prototype.forEach.call(turns, function (turn) {
      turn.addEventListener('click', function () {
        if (!current) { return; }
        var player = current;
        function go() { player.currentTime = start(turn); mark(player); }
        if (player.readyState > 0) { go(); } else {
          player.addEventListener('loadedmetadata', go, { once: true });
        }
        var playing = player.play();
        if (playing && playing.catch) { playing.catch(function () {}); }
      });
    });
  });
})();
"""


def demo_page(copies: Sequence[DemoCopy], *, title: str = "One annotation, many copies") -> str:
    """A page that compares the copies and plays what was cut from each.

    Args:
        copies: Copies, in the order to show.
        title: Heading.

    Returns:
        A whole HTML document; media are files beside it.
    """
    head = el(
        "header",
        el("h1", title),
        paragraph(
            "The same annotated dialogues were rebuilt from several copies of one film. "
            "Each copy was aligned by its own subtitles; then the clips were cut from it. "
            "Press a line to hear it."
        ),
    )
    sections = [_copy_section(k, copy) for k, copy in enumerate(copies)]
    body = [head, _comparison(copies), sections or paragraph("There are no copies to show.")]
    return page(f"{title} · mmdia", body, script=SCRIPT)


def _comparison(copies: Sequence[DemoCopy]) -> Markup | None:
    if not copies:
        return None
    heads = [
        "Copy",
        "Found",
        "Confidence",
        "Offset, s",
        "Speed",
        "Built",
        "Frames right",
        "Not built, because",
    ]
    rows: list[list[Child]] = []
    for k, copy in enumerate(copies):
        ratio = f"= {copy.scale_ratio}" if copy.scale_ratio not in (None, "1") else ""
        full = "good" if copy.built == copy.total else "warn" if copy.built else "plain"
        rows.append(
            [
                [el("strong", _jump(k, copy.name)), small(words(copy.description))],
                _found(copy),
                percent(copy.confidence),
                DASH if copy.offset_s is None else signed(copy.offset_s),
                [f"×{copy.scale:.6g}", small(ratio) if ratio else None],
                badge(f"{copy.built:,} of {copy.total:,}", full),
                _frames(copy.clips),
                _refusals(copy.refused),
            ]
        )
    caption = "What was found of each copy, and what could be built from it"
    return section("Comparison", table(heads, rows, caption=caption, right=[2, 3, 4]))


def _jump(number: int, name: str) -> Markup:
    # An address within the page: made of a number, so that no name can leave it.
    return Markup(f'<a href="#copy-{int(number)}">{words(name)}</a>')


def _found(copy: DemoCopy) -> Child:
    if copy.verdict == copy.timemap.verdict:
        return verdict_cell(copy.timemap)
    return badge(copy.verdict.replace("_", " "), tone(copy.timemap))


def _frames(clips: Sequence[DemoClip]) -> str:
    """Of the first and last frames that were checked, how many are right."""
    checked = [ok for c in clips for ok in (c.first_frame_ok, c.last_frame_ok) if ok is not None]
    return f"{sum(checked):,} of {len(checked):,}" if checked else DASH


def _refusals(refused: Mapping[str, int]) -> Child:
    if not refused:
        return DASH
    return bullets([f"{n:,} × {explain(c)} ", code(c)] for c, n in refused.items())


def _copy_section(number: int, copy: DemoCopy) -> Markup:
    plots = fold(
        "How this copy was aligned: timelines and discrepancies",
        copy_plots(copy.timemap),
    )
    cards = [_clip(f"{number}-{k}", clip) for k, clip in enumerate(copy.clips)]
    said = [
        badge(verdict(copy.timemap), tone(copy.timemap)),
        f" {copy.built:,} of {plural(copy.total, 'dialogue')} built",
    ]
    grid = el("div", cards, class_="clips") if cards else paragraph("No clips.", class_="note")
    head = el("h2", words(copy.name), id=f"copy-{number}")
    return el(
        "section", head, paragraph(words(copy.description), class_="note"), paragraph(said), plots, grid
    )


def _clip(key: str, clip: DemoClip) -> Markup:
    """A card: players, checks, and the turns as buttons."""
    head = el("h3", words(clip.title))
    built = clip.status == "built"
    marks: list[Child] = [badge(clip.status.replace("_", " "), "good" if built else "warn")]
    for name, ok in (("first frame", clip.first_frame_ok), ("last frame", clip.last_frame_ok)):
        if ok is not None:
            marks += [" ", badge(f"{name} {'right' if ok else 'wrong'}", "good" if ok else "bad")]
    why = bullets([sentence(explain(c)), " ", code(c)] for c in clip.reasons) if clip.reasons else None
    return el(
        "article",
        head,
        paragraph(code(clip.dialogue_id), class_="sub"),
        _players(key, clip),
        paragraph(marks),
        why,
        _turns(clip),
        class_="clip",
    )


def _players(key: str, clip: DemoClip) -> list[Child]:
    made: list[Child] = []
    if clip.video_href is not None:
        name = f"Video of {clip.title}"
        made.append(
            player("video", clip.video_href, poster=clip.poster_href, label=name, id_=f"video-{key}")
        )
    if clip.audio_href is not None:
        made.append(player("audio", clip.audio_href, label=f"Sound of {clip.title}", id_=f"audio-{key}"))
        made.append(
            paragraph("Sound: ", link(clip.audio_href, clip.audio_href.rsplit("/", 1)[-1]), class_="sub")
        )
    return made


def _turns(clip: DemoClip) -> Markup | None:
    """The transcript; lines are buttons where there is something to seek in."""
    playable = clip.video_href is not None or clip.audio_href is not None
    items = []
    for speaker, text, start, end in clip.lines:
        when = el("time", clock(start, 1).removeprefix("0:").removeprefix("0"))
        said = [when, el("span", el("b", words(speaker)), words(text))]
        place = {"type": "button", "data_start": f"{start:.3f}", "data_end": f"{end:.3f}"}
        items.append(
            el("li", el("button", *said, **place) if playable else el("div", *said, class_="turn"))
        )
    return el("ol", items, class_="turns") if items else None
