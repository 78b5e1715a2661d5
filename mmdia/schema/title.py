"""A title: one film or episode, as the annotated copy of it was."""

from __future__ import annotations

from typing import Annotated

from mmdia.schema.base import Extensible, Known, Many, Record


class Character(Record):
    """A character of the title's bank: whom the annotators were asked to recognise (paper 3.3)."""

    speaker_id: str
    """Identifier, unique within the title."""
    name: str | None = None
    """Name as shown to readers."""
    gender: Annotated[str | None, Known("female", "male", "unknown")] = None
    """Perceived gender of the character."""
    age_group: str | None = None
    """Perceived age group; an open label."""
    main_character: bool | None = None
    """Whether the character is among the main ones."""
    actor: str | None = None
    """Name of the actor."""
    portrait_sha256: str | None = None
    """SHA-256 of the portrait that was shown to the annotating model; the portrait is not published."""


class SubtitleFact(Record):
    """Where the title's calibrated subtitle came from (paper 3.1, A.2.1)."""

    kind: Annotated[str | None, Known("official", "calibrated", "asr")] = None
    """official, calibrated, or asr."""
    source: str | None = None
    """Who published the subtitle."""
    sha256: str | None = None
    """SHA-256 of the subtitle file before calibration."""
    verdict: Annotated[str | None, Known("identity", "translation", "speed", "segments", "wrong_film")] = (
        None
    )
    """Verdict of its alignment."""
    residual_ms: float | None = None
    """Median absolute residual at the anchors, milliseconds."""
    human_checked: bool | None = None
    """Whether a person confirmed it."""


class Title(Extensible):
    """One film or episode. Times elsewhere are on this copy's clock, the annotation timeline."""

    title_id: str
    """Any non-empty string: ``tt0059742``, ``tv_03_S02E08``; spaces are allowed."""
    kind: Annotated[str | None, Known("movie", "episode", "other")] = None
    """movie, episode, or other."""
    name: str | None = None
    """Name of the film, or of the episode."""
    aka: Many[str] = ()
    """Other names that copies of it bear: in other languages and scripts, or spelled otherwise."""
    year: int | None = None
    """Year of first release."""
    series: str | None = None
    """Name of the series, for episodes."""
    season: int | None = None
    """Season number."""
    episode: int | None = None
    """Episode number within the season."""
    absolute_episode: int | None = None
    """Episode number counted through all seasons, as files of anime often have it."""
    air_date: str | None = None
    """Date of first broadcast, ``2021-03-14``: files of daily shows have no other number."""
    imdb_id: str | None = None
    """``tt`` and seven or eight digits."""
    edition: str | None = None
    """Edition of the annotated copy ("theatrical", "director's cut")."""
    genres: Many[str] = ()
    """Genres."""
    country: str | None = None
    """ISO 3166-1 alpha-2 code of the main country of production."""
    language: str | None = None
    """Language of the subtitles and annotations, BCP-47."""
    audio_language: str | None = None
    """Language spoken in the annotated copy, BCP-47."""
    duration_ms: int | None = None
    """Length of the annotated copy, milliseconds."""
    fps: str | None = None
    """Frame rate of the annotated copy as a rational, ``24000/1001``."""
    source_url: str | None = None
    """Where the media may lawfully be fetched, for public works."""
    license: str | None = None
    """Licence of the media at `source_url`, SPDX where there is one; `mmdia fetch` asks for it."""
    subtitle: SubtitleFact | None = None
    """Where the title's subtitle came from."""
    speakers: Many[Character] = ()
    """The character bank."""
