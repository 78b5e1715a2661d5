"""What a verdict stands on, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from mmdia.pages.html import Child, Markup, code, paragraph, table, words
from mmdia.pages.words import number, percent

#: Key -> (what it is, what a value means, how it is written).
_KNOWN: dict[str, tuple[str, str, str]] = {
    "kind": ("Compared with", "where the lines of this copy came from", "kind"),
    "name": ("File", "subtitles or sound that stand for this copy", "text"),
    "mode": ("Led by", "what the map stands on first", "lead"),
    "detector": ("Speech heard by", "the detector of speech activity", "text"),
    "sound": ("Same soundtrack", "probability that both copies carry it, by fingerprint", "share"),
    "n_lines": ("Annotation lines", "", "count"),
    "n_media_lines": ("Lines of this copy", "", "count"),
    "n_pairs": ("Shared word groups", "rare words that both copies have, in either order", "count"),
    "n_anchors": ("Anchors", "lines whose start has a line of this copy within 0.5 s", "count"),
    "n_pieces": ("Pieces", "1: no edits", "count"),
    "coverage": ("Lines present", "share of annotation lines that this copy has", "share"),
    "text_hits": ("Lines confirmed by words", "share of spoken lines", "share"),
    "exact_share": ("Starts equal within 2 ms", "high for copies made from one master", "share"),
    "residual_mad_s": ("Residual", "median distance of anchors from the map", "seconds"),
    "discrepancy_mad_s": ("Spread of discrepancies", "about the median; the paper wants it low", "seconds"),
    "nats_per_line": ("Evidence a line", "in nats; must stand clear of chance", "figure"),
    "decoy_per_line": ("Chance a line", "what the annotation run backwards reaches", "figure"),
    "nats": ("Evidence in all", "in nats", "figure"),
    "decoy": ("Chance in all", "the same search with the annotation backwards", "figure"),
    "coincidence": ("Exact coincidences", "nats beyond chance from times that agree exactly", "figure"),
    "key": ("Cache key", "same key, same map", "code"),
}

_KINDS = {
    "given": "a subtitle file named by the user",
    "words": "recognised words named by the user",
    "asr": "words recognised in the sound",
    "sidecar": "a subtitle file beside the media",
    "embedded": "a subtitle track inside the media",
    "identity": "nothing: the user vouches for the file",
    "none": "nothing: no subtitles were found",
    "audio": "the sound of the media",
    "fingerprint": "a fingerprint of the sound",
}


_LEADS = {
    "text": "words that both copies say",
    "timing": "the rhythm of lines; words do not agree",
    "audio": "speech in the sound; there are no lines",
    "fingerprint": "the fingerprint of the sound",
    "none": "nothing",
}

#: Series that a picture shows; as text they say nothing.
_DRAWN = frozenset({"speech", "fingerprint_strip"})


#: How a title receipt says that its file was found.
_MATCHES = {
    "map": "named in the media map",
    "id": "by its id",
    "nfo": "by the nfo file beside it",
    "episode": "by series and episode",
    "name": "by its file name",
    "guess": "by its file name, read freely",
    "duration": "by its length",
    "identify": "by its content",
    "only": "the only file for the only title",
}


def kind_in_words(kind: object) -> str:
    """A kind of evidence in words."""
    return _KINDS.get(str(kind), str(kind))


def how_matched(how: object) -> str:
    """How a file came to its title, in words."""
    return "" if how is None else _MATCHES.get(str(how), str(how))


def evidence_table(evidence: Mapping[str, object]) -> Markup:
    """The evidence as a table: known figures first, in a fixed order, then whatever else there is."""
    order = [k for k in _KNOWN if k in evidence]
    order += sorted(k for k in evidence if k not in _KNOWN and k not in _DRAWN)
    if not order:
        return paragraph("None is recorded.")
    return table(["What", "Value", "Meaning"], _rows(order, evidence), caption="What the verdict stands on")


def _rows(order: Iterable[str], evidence: Mapping[str, object]) -> list[list[Child]]:
    rows: list[list[Child]] = []
    for key in order:
        name, meaning, how = _KNOWN.get(key, (key, "", "raw"))
        rows.append([name, _value(evidence[key], how), meaning])
    return rows


def _value(value: object, how: str) -> Child:
    if how == "kind":
        return kind_in_words(value)
    if how == "lead":
        return _LEADS.get(str(value), str(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if how == "share":
            return percent(float(value))
        if how == "count" or isinstance(value, int):
            return f"{value:,.0f}"
        return f"{number(value)} s" if how == "seconds" else number(value)
    if isinstance(value, str):
        return code(value) if how == "code" else words(value)
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return code(shown if len(shown) <= 200 else shown[:200] + "…")
