"""A release: its head document, scenes, and withdrawals."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mmdia.schema.base import Extensible, Known, Many, Record

RELEASE_SCHEMA = "mmdia.release/1"


class ReleaseSource(Record):
    """One source that a release draws on."""

    name: str | None = None
    """Name of the source."""
    kind: str | None = None
    """Kind of source ("film", "series", "synthetic", "dataset")."""
    url: str | None = None
    """Where it is described."""
    license: str | None = None
    """Its licence, SPDX where there is one."""
    citation: str | None = None
    """How to cite it."""


class Counts(Record):
    """Row counts, checked by `mmdia release validate`."""

    titles: int | None = None
    """Titles."""
    dialogues: int | None = None
    """Dialogues."""
    turns: int | None = None
    """Turns."""


class Step(Record):
    """One thing that was done to a release by a command, so that it can be done again."""

    step: str
    """What was done ("import", "split", "merge", "categorise")."""
    tool: str | None = None
    """Program and version."""
    options: str | None = None
    """Its options as JSON text, the seed included."""


class Release(Record):
    """``release.json``: what a folder of annotations is."""

    schema_: Annotated[str, Known(RELEASE_SCHEMA), Field(alias="schema")] = RELEASE_SCHEMA
    """Format version; a change of meaning raises it. A file must have it."""
    name: str
    """Name of the release."""
    version: str
    """Version of the annotations."""
    description: str | None = None
    """What it is, in a few sentences."""
    homepage: str | None = None
    """Where it is presented."""
    contact: str | None = None
    """Whom to write to: questions, corrections, requests to take something back."""
    citation: str | None = None
    """How to cite it; BibTeX or a sentence."""
    license: str | None = None
    """Licence of the annotations."""
    text_license: str | None = None
    """SPDX expression of the licence under which the films' text (lines, subtitles) may be passed on."""
    created: str | None = None
    """ISO 8601 date."""
    sources: Many[ReleaseSource] = ()
    """What it draws on."""
    counts: Counts | None = None
    """Row counts."""
    vocab: Annotated[str | None, Known("paper-15")] = None
    """Vocabulary of the categories."""
    history: Many[Step] = ()
    """What commands did to it, in order."""


class Scene(Extensible):
    """A scene of a title, the reference of F1_Overlap (paper A.2.2)."""

    title_id: str
    """The title."""
    scene_id: str
    """Unique within the title."""
    start_ms: int
    """Start on the annotation timeline, milliseconds."""
    end_ms: int
    """End (exclusive), milliseconds."""
    source: str | None = None
    """Who or what drew the boundary."""


class Withdrawal(Extensible):
    """A dialogue or title taken back; honoured by every command."""

    dialogue_id: str | None = None
    """The dialogue; null when a whole title is withdrawn."""
    title_id: str | None = None
    """The title."""
    reason: str | None = None
    """Why."""
    date: str | None = None
    """ISO 8601 date."""
