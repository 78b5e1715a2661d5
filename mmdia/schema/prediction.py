"""A prediction: what a generator made for one dialogue, ``mmdia.predictions/1``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mmdia.schema.base import Known, Many, Record

PREDICTIONS_SCHEMA = "mmdia.predictions/1"


class PredictedTurn(Record):
    """A turn of the generated dialogue, seconds from the start of the output."""

    start: float
    """Start."""
    end: float
    """End."""
    speaker: str
    """Speaker."""


class Prediction(Record):
    """One output of one generator; the key is dialogue_id + style_mode + generator + seed."""

    schema_: Annotated[str, Field(alias="schema")] = PREDICTIONS_SCHEMA
    """Format version."""
    dialogue_id: str
    """The dialogue."""
    task: Annotated[str | None, Known("speech", "vision_speech", "video")] = None
    """The task."""
    test_set: str | None = None
    """The test set."""
    generator: str | None = None
    """Name of the generator."""
    seed: int | None = None
    """Seed."""
    style_mode: Annotated[str | None, Known("triplet", "description", "both", "none")] = None
    """What the style prompt held."""
    assembly: Annotated[str | None, Known("single_pass", "per_run", "per_turn")] = None
    """How the dialogue was put together."""
    audio: str | None = None
    """Audio file, relative to the predictions folder."""
    video: str | None = None
    """Video file, relative to the predictions folder."""
    turns: Many[PredictedTurn] = ()
    """Turns, where the generator knows them."""
    transcript: str | None = None
    """Transcript, where the generator gives one."""
    seconds: float | None = None
    """Length of the output, seconds."""
    status: str | None = None
    """done or failed."""
    reason: str | None = None
    """Reason code of a failure."""
