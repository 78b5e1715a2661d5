"""A dialogue and its turns.

A *turn* is one annotated line (a subtitle line), not a change of speaker. A *run*, the longest
stretch of turns by the same speakers, is derived from turns and never stored (`runs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from mmdia.schema.base import Extensible, Known, Label, Many, Record

VISIBILITY = ("visible", "invisible", "not_labelled", "no_face")
NONVERBAL_KINDS = ("vocal", "speech_event", "ambient", "music", "visual", "tone")
SPLITS = ("train", "validation", "test")


class NonVerbal(Record):
    """A non-verbal sound or event heard or seen during a turn (paper 3.3)."""

    kind: Annotated[str | None, Known(*NONVERBAL_KINDS)] = None
    """vocal, speech_event, ambient, music, visual, or tone."""
    label: str | None = None
    """Normalised name ("laughs")."""
    raw: str | None = None
    """As the annotator or the subtitle wrote it."""
    tag: str | None = None
    """Tag in the notation of a speech model ("(laughs)")."""
    start_ms: int | None = None
    """Start on the annotation timeline, milliseconds."""
    end_ms: int | None = None
    """End (exclusive), milliseconds."""
    speaker_id: str | None = None
    """Who makes the sound."""
    other_speaker_id: str | None = None
    """Whom it is directed at."""
    char_offset: int | None = None
    """Position in the turn's text."""


class Face(Record):
    """A face on a keyframe. Boxes are published, pixels never."""

    speaker_id: str | None = None
    """Character of the bank whom the face was matched to."""
    bbox: Many[float] = ()
    """Box x0, y0, x1, y1 as fractions of width and height, 0..1."""
    score: float | None = None
    """Detector's score, 0..1."""
    occluded: bool | None = None
    """Whether the face is partly hidden."""
    active: bool | None = None
    """Whether this face is the one speaking."""


class Keyframe(Record):
    """The picture that stands for a turn (paper A.6: the frame at the turn's midpoint)."""

    t_ms: int | None = None
    """Time on the annotation timeline, milliseconds."""
    phash: str | None = None
    """Perceptual hash of the frame, hexadecimal."""
    n_faces: int | None = None
    """Number of faces found."""
    faces: Many[Face] = ()
    """The faces."""


class Turn(Extensible):
    """One annotated line."""

    start_ms: int | None = None
    """Start on the annotation timeline, milliseconds."""
    end_ms: int | None = None
    """End (exclusive), milliseconds."""
    next_start_ms: int | None = None
    """Start of the film's next line, which may lie outside the dialogue (paper A.2 extends audio to it)."""
    speakers: Many[str]
    """Identifiers of all who speak; several may speak at once."""
    text: str | None = None
    """What is said; null when the release withholds text."""
    n_words: int | None = None
    """Number of words; needed when the text is withheld."""
    raw_text: str | None = None
    """The line as in the subtitle, markup included."""
    style: str | None = None
    """How the line is spoken, free text."""
    emotion: str | None = None
    """Emotion label; open."""
    sentiment: Annotated[str | None, Known("positive", "neutral", "negative")] = None
    """Sentiment label."""
    emotion_intensity: float | None = None
    """Intensity of emotion, 1..10."""
    confidence: float | None = None
    """Annotator's confidence, 0..1."""
    interrupts_turn: int | None = None
    """Index (from 0, within the dialogue) of the turn that this one interrupts."""
    nonverbal: Many[NonVerbal] = ()
    """Non-verbal sounds and events."""
    visibility: Annotated[str | None, Known(*VISIBILITY)] = None
    """Whether the speaker is seen; labelled for bank characters only, so null is not "invisible"."""
    keyframe: Keyframe | None = None
    """The picture that stands for the turn."""


class Speaker(Record):
    """A speaker of one dialogue; what is null here falls back on the title's bank."""

    speaker_id: str
    """Identifier used by the turns."""
    name: str | None = None
    """Name as shown to readers."""
    kind: Annotated[str | None, Known("bank", "persona", "group", "unknown")] = None
    """bank: a main character; persona: named by looks or role; group: several at once; unknown."""
    gender: Annotated[str | None, Known("female", "male", "unknown")] = None
    """Perceived gender."""
    age_group: str | None = None
    """Perceived age group; an open label."""


class RelationshipPair(Record):
    """The relationship of one pair of speakers."""

    a: str
    """A speaker."""
    b: str
    """The other."""
    label: str | None = None
    """Raw label."""
    category: str | None = None
    """Category of the release's vocabulary."""


class Relationship(Record):
    """Who the speakers are to each other: first part of the affective triplet (paper 3.4)."""

    label: str | None = None
    """Raw label ("Lifelong friends")."""
    labels: Many[str] = ()
    """All raw labels given."""
    category: Annotated[str | None, Label("relationship")] = None
    """One of the vocabulary's categories, or null when unknown."""
    pairs: Many[RelationshipPair] = ()
    """Relationships by pair, where more than two speak."""


class Interaction(Record):
    """What they do by talking: second part of the affective triplet (paper 3.4)."""

    label: str | None = None
    """Raw label ("Teasing")."""
    labels: Many[str] = ()
    """All raw labels given."""
    category: Annotated[str | None, Label("interaction")] = None
    """One of the vocabulary's categories, or null when unknown."""
    pairs: Many[RelationshipPair] = ()
    """Interactions by pair, where more than two speak."""


class SpeakerStyle(Record):
    """How one speaker speaks through the dialogue (description control, paper 3.4)."""

    speaker_id: str
    """The speaker."""
    description: str | None = None
    """Style, free text."""
    emotion_volatility: float | None = None
    """How much this speaker's emotion changes, 1..10."""


class Score(Record):
    """One rating by a person or a model."""

    dimension: str
    """What is rated ("emotion_intensity")."""
    target: str | None = None
    """A speaker_id or "turn:3"; null for the whole dialogue."""
    value: float
    """The rating."""
    scale: Many[float] = ()
    """Lowest and highest value of the scale."""
    rater_kind: Annotated[str | None, Known("model", "human")] = None
    """model or human."""
    rater_id: str | None = None
    """Who rated."""
    protocol: str | None = None
    """Name of the rating protocol."""


class ControlSet(Record):
    """Membership in a minimal set: dialogues that differ in one condition only."""

    id: str
    """Name of the set."""
    axis: Annotated[str | None, Known("relationship", "interaction", "tone")] = None
    """What differs."""
    value: str | None = None
    """Value of that condition here."""


class Source(Record):
    """Where an imported dialogue came from."""

    dataset: str | None = None
    """Name of the data set."""
    id: str | None = None
    """Identifier there."""


class Provenance(Record):
    """Which tool made a group of fields, from which inputs."""

    group: str
    """Group of fields ("turns.speakers", "triplet")."""
    tool: str | None = None
    """Name of the tool, model or person."""
    version: str | None = None
    """Its version."""
    prompt: str | None = None
    """Name or hash of the prompt."""
    inputs: Many[Annotated[str, Known("V", "I", "A", "T")]] = ()
    """What it was given: V video, I images, A audio, T text (paper Table 2)."""
    human_checked: bool | None = None
    """Whether a person confirmed the result."""


class Dialogue(Extensible):
    """One dialogue. A script without a film has neither title nor times; text of a film may lack times."""

    dialogue_id: str
    """Unique within the release ("tt0059742_clip_130")."""
    title_id: str | None = None
    """The title it is from; null only where every time is null, too."""
    start_ms: int | None = None
    """Start on the annotation timeline, milliseconds."""
    end_ms: int | None = None
    """End (exclusive), milliseconds."""
    scene_id: str | None = None
    """Scene of ``scenes.jsonl`` that holds it."""
    split: Annotated[str | None, Known(*SPLITS)] = None
    """Where the row lives: train, validation, test, or null."""
    subsets: Many[Annotated[str, Known("bench", "hard", "ood", "task2", "task3")]] = ()
    """Tags; bench lies within hard, hard is disjoint from train."""
    turns: Many[Turn]
    """The lines, in the order of the release."""
    speakers: Many[Speaker] = ()
    """The speakers of this dialogue."""
    relationship: Relationship | None = None
    """Affective triplet: relationship."""
    interaction: Interaction | None = None
    """Affective triplet: interaction type."""
    emotional_tone: str | None = None
    """Affective triplet: emotional tone, free text."""
    description: str | None = None
    """Style of the whole dialogue, free text (prompt of task 1)."""
    summary: str | None = None
    """What is seen (prompts of text-to-video)."""
    emotion_intensity: float | None = None
    """Intensity of emotion over the dialogue, 1..10."""
    emotion_volatility: float | None = None
    """How much emotion changes for individual speakers, 1..10."""
    speaker_styles: Many[SpeakerStyle] = ()
    """Style by speaker."""
    scores: Many[Score] = ()
    """Single ratings behind the numbers."""
    control_set: ControlSet | None = None
    """Membership in a minimal set."""
    sensitive: Many[str] = ()
    """Tags of sensitive content."""
    source: Source | None = None
    """Where it was imported from."""
    provenance: Many[Provenance] = ()
    """Which tool made which fields."""

    @property
    def has_media(self) -> bool:
        """Whether the dialogue is from a film."""
        return self.title_id is not None


def runs(turns: Sequence[Turn]) -> tuple[tuple[int, int], ...]:
    """Runs of turns by the same speakers, as half-open index ranges (first, last + 1).

    >>> a, b = Turn(speakers=("a",)), Turn(speakers=("b",))
    >>> runs([a, a, b])
    ((0, 2), (2, 3))
    """
    out: list[tuple[int, int]] = []
    for i, turn in enumerate(turns):
        if out and turns[i - 1].speakers == turn.speakers:
            out[-1] = (out[-1][0], i + 1)
        else:
            out.append((i, i + 1))
    return tuple(out)


def nominal_span_ms(dialogue: Dialogue, *, extend_to_next: bool = False) -> tuple[int, int] | None:
    """The dialogue's window on the annotation timeline: earliest turn start to latest turn end.

    Args:
        dialogue: The dialogue.
        extend_to_next: Let the last turn run to the film's next line (paper A.2).

    Returns:
        Start and end (exclusive) in milliseconds; the row's own times where turns have none;
        None for a dialogue without a film or with an empty span.
    """
    starts = [t.start_ms for t in dialogue.turns if t.start_ms is not None]
    ends = [t.end_ms for t in dialogue.turns if t.end_ms is not None]
    start = min(starts) if starts else dialogue.start_ms
    end = max(ends) if ends else dialogue.end_ms
    if dialogue.title_id is None or start is None or end is None:
        return None
    if extend_to_next and dialogue.turns and (nxt := dialogue.turns[-1].next_start_ms) is not None:
        end = max(end, nxt)
    return (start, end) if start < end else None
