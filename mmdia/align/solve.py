"""Find the time map from an annotation to a copy of the film.

Model: media time = r * annotation time + o_k, one speed r for the film and one offset o_k a
piece. Speeds and offsets are proposed by shared words or by the pattern of speech, the best path
of lines over offsets is found by dynamic programming, edits that do not pay are pruned, and what
is left is made exact.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmdia.align import report
from mmdia.align.anchors import no_pairs
from mmdia.align.chance import against_chance
from mmdia.align.edits import place
from mmdia.align.pieces import Piece, from_path, fuse, offsets_of, prune
from mmdia.align.refine import Fit, refine
from mmdia.align.result import Alignment, Mode, Policy
from mmdia.align.search import Evidences, Found, search
from mmdia.align.sharpen import NARROW_S, sharpen, width_of
from mmdia.align.solution import Solution
from mmdia.align.track import Track
from mmdia.schema.cue import Cue

#: Share of lines that text must place for text to lead.
_TEXT_LEADS = 0.35

#: Price in nats of a piece, when text leads and when it does not.
_PRICE = {True: 14.0, False: 12.0}


def align(
    annotation: Sequence[Cue],
    media: Sequence[Cue],
    *,
    mode: Mode = "auto",
    policy: Policy = "default",
    annotation_language: str | None = None,
    media_language: str | None = None,
) -> Alignment:
    """Align the annotation's cues with the media's.

    Args:
        annotation: Cues of the annotated copy; any order, negative times allowed.
        media: Cues of the copy at hand (subtitles, or recognised speech).
        mode: "text" and "timing" use one kind of evidence, "auto" what there is.
        policy: "paper" accepts only identity and translation with a flat discrepancy, as the
            paper does; "default" also what this solver can carry over.
        annotation_language: Tag such as "en", when known; two different ones switch text off.
        media_language: The same for the media.

    Raises:
        AlignmentError: There are no cues on one side.
    """
    anno, order = Track.from_cues(annotation).by_time()
    other, _ = Track.from_cues(media).by_time()
    foreign = _differ(annotation_language, media_language)
    solution = _solve(anno, other, mode, foreign)
    if solution is None:
        return report.nothing_found(anno, order)
    return report.alignment(solution, order, policy, foreign)


def _differ(a: str | None, b: str | None) -> bool:
    """Whether two language tags name different languages (unknown ones do not)."""
    if not a or not b:
        return False
    return a.replace("_", "-").split("-")[0].casefold() != b.replace("_", "-").split("-")[0].casefold()


def _solve(anno: Track, media: Track, mode: Mode, foreign: bool) -> Solution | None:
    evidence, found = _search(anno, media, mode, foreign)
    if found is None:
        return None
    pieces = from_path(found.path, found.offsets)
    if not pieces:
        return None
    fit = _settle(evidence, found.scale, pieces)
    chance = against_chance(evidence, found, fit)
    nats = evidence.emission(width_of(fit)).nats(fit.scale, offsets_of(fit.pieces))
    placed = place(fit.pieces, nats, anno, fit.scale)
    return Solution(evidence, found, fit, nats, placed, chance)


def _search(anno: Track, media: Track, mode: Mode, foreign: bool) -> tuple[Evidences, Found | None]:
    """Search with text in the lead where it can be, else with all there is."""
    none = Evidences.of(anno, media, text=False, pairs=no_pairs())
    if mode == "timing":
        return none, search(none)
    text = Evidences.of(anno, media, text=True)
    found = search(text) if len(text.pairs) else None
    if mode == "text":
        return text, found
    if found is not None and found.hits >= _TEXT_LEADS and not foreign:
        return text, found
    both = Evidences.of(anno, media, text=False, pairs=text.pairs)
    return both, search(both)


def _settle(evidence: Evidences, scale: float, pieces: list[Piece]) -> Fit:
    """Look again at close range, then prune and make exact, in turns."""
    price = _PRICE[evidence.text]
    fit = refine(evidence.timing, scale, pieces)
    for turn in range(2):
        # Offsets proposed in the first turn are not exact yet, so nor may be what is asked of them.
        sigma = width_of(fit) if turn else max(NARROW_S, width_of(fit))
        pieces = sharpen(evidence, fit, sigma)
        score = evidence.emission(max(NARROW_S, sigma)).nats
        pieces = prune(pieces, score, evidence.anno, fit.scale, price)
        fit = refine(evidence.timing, fit.scale, pieces)
        fused = fuse(fit.pieces, _apart)
        if len(fused) < len(fit.pieces):
            fit = refine(evidence.timing, fit.scale, fused)
    kept = prune(fit.pieces, evidence.emission(width_of(fit)).nats, evidence.anno, fit.scale, price)
    return fit if len(kept) == len(fit.pieces) else refine(evidence.timing, fit.scale, kept)


def _apart(left: Piece, right: Piece) -> float:
    """Seconds two neighbours must differ by: less where both are long."""
    return 0.12 if min(len(left), len(right)) >= 20 else 0.25
