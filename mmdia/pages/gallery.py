"""A gallery of dialogues: one file to search, sort and read, and to play where clips are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmdia.pages.demo import SCRIPT as PLAY
from mmdia.pages.gallery_style import CONTROLS, STYLE
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    code,
    definitions,
    el,
    fold,
    page,
    paragraph,
    player,
    words,
)  # fmt: skip
from mmdia.pages.words import clock, number, plural
from mmdia.schema.reasons import explain

#: Longest stretch of a dialogue that a card shows before it is opened.
_FIRST_LINES = 4


@dataclass(frozen=True, slots=True)
class GalleryTurn:
    """One line.

    Attributes:
        speakers: Names of those who speak.
        text: What is said; None when the release withholds it.
        n_words: Number of words, for withheld text.
        style: How it is said.
        emotion: Emotion label.
        sounds: Non-verbal marks.
        at_s: Start, seconds from the dialogue's start; None without times.
        play: Start and end in the clip, seconds.
        visibility: Whether the speaker is seen.
    """

    speakers: tuple[str, ...]
    text: str | None = None
    n_words: int | None = None
    style: str | None = None
    emotion: str | None = None
    sounds: tuple[str, ...] = ()
    at_s: float | None = None
    play: tuple[float, float] | None = None
    visibility: str | None = None


@dataclass(frozen=True, slots=True)
class GalleryCard:
    """One dialogue.

    Attributes:
        dialogue_id: Its identifier.
        title: Name of its title, in words.
        where: Place within the title, in words.
        relationship: Category and raw label.
        interaction: The same.
        tone: Emotional tone.
        intensity: Emotion intensity.
        volatility: Emotion volatility.
        seconds: Length; None without times.
        tags: Split and subsets.
        description: Style of the whole.
        summary: What is seen.
        speakers: Name, facts (gender, age), and style of each.
        turns: The lines.
        audio_href: Relative path of the sound, plain (the page quotes it).
        video_href: Relative path of the picture.
        poster_href: Relative path of a still.
        why: Reason codes, when a rebuild has no clip of it.
    """

    dialogue_id: str
    title: str
    where: str = ""
    relationship: tuple[str | None, str | None] = (None, None)
    interaction: tuple[str | None, str | None] = (None, None)
    tone: str | None = None
    intensity: float | None = None
    volatility: float | None = None
    seconds: float | None = None
    tags: tuple[str, ...] = ()
    description: str | None = None
    summary: str | None = None
    speakers: tuple[tuple[str, str, str | None], ...] = ()
    turns: tuple[GalleryTurn, ...] = field(default_factory=tuple)
    audio_href: str | None = None
    video_href: str | None = None
    poster_href: str | None = None
    why: tuple[str, ...] = ()


def gallery_page(
    cards: Sequence[GalleryCard],
    *,
    title: str,
    lead: str,
    left_out: int = 0,
    conditions: Sequence[tuple[str, str]] = (),
) -> str:
    """A page of cards.

    Args:
        cards: Dialogues, in the order to show.
        title: Heading.
        lead: A sentence under it.
        left_out: Dialogues found that the page does not show.
        conditions: What was looked for, name and value.

    Returns:
        A whole HTML document. Clips are files beside it; without clips it needs nothing else.
    """
    more = paragraph(f"{plural(left_out, 'more dialogue')} found, not shown here.") if left_out else None
    asked = definitions((name, words(value)) for name, value in conditions) if conditions else None
    head = el(
        "header",
        el("h1", words(title)),
        paragraph(lead),
        more,
        fold("What was looked for", asked) if asked is not None else None,
    )
    body = [
        head,
        _controls(cards),
        el("div", [_card(k, card) for k, card in enumerate(cards)], class_="cards", id="cards"),
        el("p", "No dialogue fits.", id="nothing", class_="note"),
    ]
    return page(f"{title} · mmdia", body, script=PLAY + CONTROLS, style=STYLE)


def _controls(cards: Sequence[GalleryCard]) -> Markup:
    """Search, filters and order; the script shows them, since they need it."""
    relationships = sorted({c.relationship[0] for c in cards if c.relationship[0]})
    interactions = sorted({c.interaction[0] for c in cards if c.interaction[0]})
    orders = [
        ("place", "as found"), ("-intensity", "most intense first"), ("intensity", "least intense first"),
        ("-volatility", "most volatile first"), ("volatility", "least volatile first"),
        ("-seconds", "longest first"), ("seconds", "shortest first"), ("-turns", "most turns first"),
        ("turns", "fewest turns first"), ("id", "by identifier"),
    ]  # fmt: skip
    search = el(
        "label",
        "Search",
        el("input", type="search", id="search", placeholder="text, names, labels, styles"),
    )
    return el(
        "div",
        search,
        _choice("relationship", "Relationship", [("", "all"), *((r, r) for r in relationships)]),
        _choice("interaction", "Interaction", [("", "all"), *((i, i) for i in interactions)]),
        _choice("order", "Order", orders),
        el("output", plural(len(cards), "dialogue"), id="count", role="status"),
        class_="controls",
        id="controls",
        hidden=True,
    )


def _choice(name: str, label: str, options: Sequence[tuple[str, str]]) -> Markup:
    made = [el("option", text, value=value) for value, text in options]
    return el("label", label, el("select", made, id=name))


def _card(place: int, card: GalleryCard) -> Markup:
    facts = [card.where, plural(len(card.turns), "turn")]
    if card.seconds is not None:
        facts.append(f"{number(card.seconds, 1)} s")
    playable = card.audio_href is not None or card.video_href is not None
    return el(
        "article",
        el("h3", words(card.title)),
        paragraph(code(card.dialogue_id), " · ", " · ".join(f for f in facts if f), class_="sub"),
        paragraph(_triplet(card), class_="triplet"),
        paragraph(el("i", words(card.tone))) if card.tone else None,
        _scores(card),
        _players(place, card),
        _lines(card, playable=playable),
        _more(card),
        class_="clip",
        data_place=place,
        data_id=card.dialogue_id,
        data_relationship=card.relationship[0] or "",
        data_interaction=card.interaction[0] or "",
        data_intensity=_plain(card.intensity),
        data_volatility=_plain(card.volatility),
        data_seconds=_plain(card.seconds),
        data_turns=len(card.turns),
    )


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _triplet(card: GalleryCard) -> list[Child]:
    out: list[Child] = []
    for category, label in (card.relationship, card.interaction):
        if category or label:
            same = bool(category and label and category.casefold() == label.casefold())
            raw = el("span", words(f" {label}"), class_="raw") if label and category and not same else None
            out.append(el("span", badge(category or label or ""), raw, class_="part"))
    out += [el("span", tag, class_="tag") for tag in card.tags]
    return out or ["no labels"]


def _scores(card: GalleryCard) -> Markup | None:
    made = []
    for name, value in (("Intensity", card.intensity), ("Volatility", card.volatility)):
        if value is not None:
            meter = el("meter", f"{value:g}", min=0, max=10, value=f"{value:g}")
            made.append(el("label", f"{name} ", meter, f" {value:g}"))
    return el("p", made, class_="scores") if made else None


def _players(place: int, card: GalleryCard) -> list[Child]:
    name = card.dialogue_id
    made: list[Child] = []
    if card.video_href is not None:
        made.append(
            player(
                "video", card.video_href, poster=card.poster_href, label=f"Video of {name}", id_=f"v{place}"
            )
        )
    elif card.audio_href is not None:
        made.append(player("audio", card.audio_href, label=f"Sound of {name}", id_=f"a{place}"))
    if card.why:
        made.append(paragraph("No clip: ", "; ".join(explain(c) for c in card.why), class_="note"))
    return made


def _lines(card: GalleryCard, *, playable: bool) -> list[Child]:
    items = [_line(turn, playable=playable) for turn in card.turns]
    if not items:
        return []
    first, rest = items[:_FIRST_LINES], items[_FIRST_LINES:]
    out: list[Child] = [el("ol", first, class_="turns")]
    if rest:
        turns = el("ol", rest, class_="turns", start=_FIRST_LINES + 1)
        out.append(el("details", el("summary", f"{plural(len(rest), 'more turn')}"), turns, class_="rest"))
    return out


def _line(turn: GalleryTurn, *, playable: bool) -> Markup:
    when = turn.play[0] if turn.play is not None else turn.at_s
    shown = "" if when is None else clock(max(when, 0.0), 1).removeprefix("0:").removeprefix("0")
    held = f"[{plural(turn.n_words, 'word')}, withheld]" if turn.n_words is not None else "[withheld]"
    notes = [words(f" [{s}]") for s in turn.sounds]
    aside = ", ".join(part for part in (turn.emotion, turn.style) if part)
    unseen = " (not seen)" if turn.visibility in ("invisible", "no_face") else None
    said: list[Child] = [
        el("time", shown),
        el(
            "span",
            el("b", words(", ".join(turn.speakers) or "unknown"), unseen),
            el("span", held, class_="note") if turn.text is None else words(turn.text),
            el("span", notes, class_="sounds") if notes else None,
            el("small", words(aside)) if aside else None,
        ),
    ]
    if playable and turn.play is not None:
        start, end = turn.play
        return el(
            "li",
            el("button", said, type="button", data_start=f"{start:.3f}", data_end=f"{end:.3f}"),
        )
    return el("li", el("div", said, class_="turn"))


def _more(card: GalleryCard) -> Markup | None:
    """Styles and descriptions, folded."""
    rows: list[tuple[Child, Child]] = []
    for name, facts, style in card.speakers:
        rows.append(([words(name), f" ({facts})" if facts else None], words(style or "no style given")))
    if card.description:
        rows.insert(0, ("Description", words(card.description)))
    if card.summary:
        rows.append(("Seen", words(card.summary)))
    return fold("Styles", definitions(rows)) if rows else None
