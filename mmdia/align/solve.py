"""Find the time map from an annotation to a copy of the film.

Model: media time = r * annotation time + o_k, one speed r for the film and one offset o_k a
piece. Speeds and offsets are proposed by shared words, by the pattern of speech or by the sound
track's fingerprint; the best path of lines over offsets is found by dynamic programming, edits that
do not pay are pruned, and what is left is made exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmdia.align import report
from mmdia.align.calibration import film_figures, film_probability
from mmdia.align.chance import against_chance, comparable, with_coincidences
from mmdia.align.edits import Placement, place
from mmdia.align.evidence import Evidence
from mmdia.align.fp_beyond import vouched
from mmdia.align.harden import SoundFit, agree, from_sound, harden
from mmdia.align.known import Known, gather
from mmdia.align.layout import Layout, from_lines
from mmdia.align.pieces import Piece, offsets_of
from mmdia.align.refine import Fit
from mmdia.align.result import Alignment, Mode, Policy
from mmdia.align.search import Found, search
from mmdia.align.settle import settle
from mmdia.align.sharpen import NARROW_S, width_of
from mmdia.align.solution import Solution
from mmdia.align.source import Family
from mmdia.align.track import Flags, Floats, Track
from mmdia.align.verdict import Chance
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue
from mmdia.schema.fingerprint import Fingerprint, SoundBands

#: Share of lines that text must place for text to lead.
_TEXT_LEADS = 0.35

#: Fingerprints as sure as this lead where text does not.
_SOUND_LEADS = 0.5

#: A path that chance explains with this much certainty is not worth making exact.
_HOPELESS = 0.002

#: Lines that fingerprints contradict for more than this share of the time are of another copy.
_CONTRADICTED = 0.5

#: Lines this far outside the copy's own lines are still judged, seconds.
_ABOUT_S = 10.0

#: Share of the shorter track's lines that must lie where both have lines.
_OVERLAP = 0.5


def align(
    annotation: Sequence[Cue],
    media: Sequence[Cue],
    *,
    mode: Mode = "auto",
    policy: Policy = "default",
    annotation_language: str | None = None,
    media_language: str | None = None,
    activity: Activity | None = None,
    fingerprints: tuple[Fingerprint, Fingerprint | SoundBands] | None = None,
) -> Alignment:
    """Align the annotation's cues with the media.

    Args:
        annotation: Cues of the annotated copy; any order, negative times allowed.
        media: Cues of the copy at hand (subtitles, or recognised speech); may be empty where
            another kind of evidence is given.
        mode: "auto" sums all evidence there is; "text" (lines with their words), "timing" (lines
            without), "audio" (speech activity) and "fingerprint" use one kind.
        policy: "paper" accepts only identity and translation with a flat discrepancy, as the
            paper does; "default" also what this solver can carry over.
        annotation_language: Tag such as "en", when known; two different ones switch text off.
        media_language: The same for the media.
        activity: Speech heard in the audio of the copy at hand.
        fingerprints: Fingerprint of the annotated copy's sound track, and what was heard in this copy's.

    Raises:
        AlignmentError: There are no cues in the annotation, or nothing to align them with.
    """
    anno, order = Track.from_cues(annotation).by_time()
    known = gather(anno, media, mode, activity, fingerprints)
    foreign = _differ(annotation_language, media_language)
    solution = _solve(known, mode, foreign)
    if solution is None:
        return report.nothing_found(anno, known.media, order, foreign)
    return report.alignment(solution, order, policy, foreign)


def _differ(a: str | None, b: str | None) -> bool:
    """Whether two language tags name different languages.

    Only two-letter codes (ISO 639-1) are told apart: ``eng`` may be ``en``, and ``ger`` is ``deu``.
    """
    one, other = ((tag or "").replace("_", "-").split("-")[0].casefold() for tag in (a, b))
    return len(one) == len(other) == 2 and one != other


def _solve(known: Known, mode: Mode, foreign: bool) -> Solution | None:
    """The solution of all evidence; of the sound alone where lines have nothing or another copy."""
    by_lines = _by_lines(known, mode, foreign)
    sound = known.sound
    if sound is None or sound.probability < _SOUND_LEADS or not sound.segments:
        return by_lines
    doubtful = by_lines is None or by_lines.chance.probability < _SOUND_LEADS
    if by_lines is None or doubtful or agree(by_lines.layout, sound) < _CONTRADICTED:
        lines = 0.0 if by_lines is None else by_lines.chance.probability
        return _by_sound(known, sound, contradicted=lines >= _SOUND_LEADS)
    width = width_of(by_lines.fit)
    soft = vouched(by_lines.layout, sound, by_lines.evidence, width)
    layout = harden(by_lines.layout, sound, known.anno, soft)
    nats = _own_nats(by_lines.evidence, layout, width)
    chance = replace(by_lines.chance, sound=sound.probability)
    edits = _still_unsure(by_lines.unsure_edits, layout)
    return replace(by_lines, layout=layout, nats=nats, chance=chance, unsure_edits=edits)


def _still_unsure(
    edits: tuple[tuple[float, float], ...], layout: Layout
) -> tuple[tuple[float, float], ...]:
    """Unsure edits that fingerprints did not settle."""
    soft = [s for s in layout.stretches if s.family != "fingerprint"]
    return tuple((a, b) for a, b in edits if any(s.start_s < b and s.end_s > a for s in soft))


def _by_lines(known: Known, mode: Mode, foreign: bool) -> Solution | None:
    evidence, tried = _search(known, mode, foreign)
    if evidence is None or not tried:
        return None
    chance = against_chance(evidence, tried[0])
    hopeless = chance.probability < _HOPELESS and not comparable(evidence)
    settled = settle(evidence, tried[:1] if hopeless else tried, rough=hopeless)
    if settled is None:
        return None
    found, fit = settled
    if found is not tried[0]:
        chance = against_chance(evidence, found)
    chance = with_coincidences(chance, evidence, fit)
    nats = evidence.nats(fit.scale, offsets_of(fit.pieces), width_of(fit))
    placed = place(fit.pieces, nats, known.anno, fit.scale)
    layout = from_lines(fit, placed, known.anno, evidence.lead)
    own = nats[np.arange(len(known.anno)), placed.piece]
    judged = known.anno.speech & _within_media(known, fit, placed)
    figures = film_figures(np.where(layout.absent, 0.0, own), judged, len(layout.stretches))
    chance = replace(chance, typical=film_probability(evidence.lead, figures))
    return Solution(evidence, known.media, found, fit, layout, own, chance, tuple(placed.unsure))


def _within_media(known: Known, fit: Fit, placed: Placement) -> Flags:
    """Lines that lie where the copy has lines: one half of a film is judged by that half."""
    anno, media = known.anno, known.media
    if media is None:
        return np.ones(len(anno), dtype=bool)
    start = anno.start_s * fit.scale + offsets_of(fit.pieces)[placed.piece]
    inside = np.asarray((start > media.first_s - _ABOUT_S) & (start < media.last_s + _ABOUT_S))
    # A recap is no film: a placement at which the tracks hardly overlap is judged by all lines.
    enough = _OVERLAP * min(int(anno.speech.sum()), int(media.speech.sum()))
    return inside if (inside & anno.speech).sum() >= enough else np.ones(len(anno), dtype=bool)


def _search(known: Known, mode: Mode, foreign: bool) -> tuple[Evidence | None, list[Found]]:
    """Search with text in the lead where it can be, else with the next best kind."""
    sure = known.sound is None or known.sound.probability >= _SOUND_LEADS
    # Sound that is likelier another film's must not lend its nats to lines: a song would place them.
    sources = [s for s in known.sources if sure or s.name != "fingerprint"]
    for lead in _leads(known, mode):
        evidence = Evidence.led_by(lead, known.anno, sources)
        tried = search(evidence)
        if lead != "text" or mode == "text":
            return evidence, tried
        if tried and tried[0].hits >= _TEXT_LEADS and not foreign:
            return evidence, tried
    return None, []


def _leads(known: Known, mode: Mode) -> list[Family]:
    """Kinds of evidence that may lead, best first."""
    if mode == "fingerprint":
        return []
    sure = known.sound is not None and known.sound.probability >= _SOUND_LEADS
    kinds: tuple[Family, ...] = ("text", "fingerprint", "timing", "audio")
    if mode != "auto":
        kinds = (mode,)
    return [k for k in kinds if known.source(k) is not None and (k != "fingerprint" or sure)]


def _by_sound(known: Known, sound: SoundFit, *, contradicted: bool) -> Solution:
    """What fingerprints alone say."""
    sources = [s for s in known.sources if s.name == "fingerprint"]
    evidence = Evidence.led_by("fingerprint", known.anno, sources)
    layout = from_sound(sound, known.anno)
    first = layout.stretches[0]
    fit = Fit(first.scale, [Piece(0, len(known.anno) - 1, first.offset)], 0.0, 0.0)
    lines = int(known.anno.speech.sum())
    chance = Chance(0.0, 0.0, 0.0, lines, "fingerprint", sound=sound.probability, contradicted=contradicted)
    return Solution(evidence, known.media, None, fit, layout, _own_nats(evidence, layout, NARROW_S), chance)


def _own_nats(evidence: Evidence, layout: Layout, sigma_s: float) -> Floats:
    """Evidence of each line at its own place, shape (n,)."""
    out = np.zeros(len(evidence.anno))
    for k, s in enumerate(layout.stretches):
        own = layout.owner == k
        if own.any():
            out[own] = evidence.nats(s.scale, np.array([s.offset]), sigma_s)[own, 0]
    return out
