"""Listening to clips: which ones, what becomes of the answer, and what is not heard twice."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from mmdia.engines import registry
from mmdia.engines.comparison import share_heard
from mmdia.engines.ports import Heard
from mmdia.errors import MissingExtra, StoreError, UsageError
from mmdia.rebuild import listen
from mmdia.rebuild.listen import Clip, check_title, require_listener, sample
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.title import Title

TEXT = "we were never here at all tonight"
LENGTH = 800


class Ear:
    """Hears by the clip's first sample: 1 the text itself, 2 half of it, 3 something else."""

    name = "ear"
    identity = "ear-1"
    default_threshold = 0.4
    best_s = 0.0

    def __init__(self) -> None:
        self.times = 0

    def knows(self, language: str | None) -> bool:
        return language in ("en", "en-US")

    def listen(self, text: str, samples: Any, language: str | None = None) -> Heard:
        self.times += 1
        kind = round(float(np.abs(samples).max()) * 10)
        words = text.split()
        heard = {1: text, 2: " ".join(words[: len(words) // 2]), 3: "something else " * 40}[kind]
        return Heard(*share_heard(text, heard, language), heard)


@pytest.fixture(autouse=True)
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    engine = Ear()
    listen._listener.cache_clear()
    monkeypatch.delenv("MMDIA_ASR", raising=False)
    monkeypatch.setattr(registry, "listeners", lambda: iter([engine]))
    yield engine
    listen._listener.cache_clear()


def read(fact: dict[str, Any]) -> bytes:
    kind = int(fact["path"].split("-")[1])
    if kind == 0:
        raise StoreError("no such file", path=fact["path"])
    held = io.BytesIO()
    soundfile.write(held, np.full(LENGTH, kind / 10), 16_000, format="FLAC", subtype="PCM_16")
    return held.getvalue()


def dialogue(k: int, text: str | None = TEXT) -> Dialogue:
    return Dialogue(dialogue_id=f"d{k}", title_id="t", turns=(Turn(speakers=("a",), text=text),))


def built(k: int, kind: int, **more: Any) -> dict[str, Any]:
    return {
        "dialogue_id": f"d{k}",
        "status": "built",
        "reasons": [],
        "clip": {"media_start": 10.0 * k, "confidence": 0.9},
        "audio": {"path": f"{k}-{kind}"},
        "speech": None,
        **more,
    }


def job(count: int = -1, min_speech: float | None = None, asr: str | None = None) -> Any:
    return SimpleNamespace(check_speech=count, min_speech=min_speech, asr=asr)


ENGLISH = Title(title_id="t", language="en", audio_language="en-US")


def check(kinds: list[int], count: int = -1, title: Title = ENGLISH, **more: Any) -> listen.Checked:
    rows = [built(k, kind) for k, kind in enumerate(kinds)]
    return check_title(job(count, **more), title, [dialogue(k) for k in range(len(kinds))], rows, read)


def test_the_right_sound_is_scored_and_left_alone(ear: Ear) -> None:
    found = check([1, 1, 1, 2])
    assert found.reasons == ()
    assert found.speech is not None
    assert (found.speech.n, found.speech.score, found.speech.threshold) == (4, 1.0, 0.4)
    assert found.speech.engine == "ear-1"
    facts = [row["speech"] for row in found.rows]
    assert facts[0] == {"score": 1.0, "n_words": 7, "engine": "ear-1", "heard": None}
    assert facts[3]["score"] == pytest.approx(3 / 7, abs=1e-4)
    assert all(row["reasons"] == [] for row in found.rows)


def test_one_wrong_clip_is_told_of_without_its_title(ear: Ear) -> None:
    found = check([1, 3, 1])
    assert found.reasons == ()
    assert [row["reasons"] for row in found.rows] == [[], ["speech_mismatch"], []]
    assert found.rows[1]["speech"]["heard"].startswith("something else")
    assert len(found.rows[1]["speech"]["heard"]) <= 200
    assert all(row["status"] == "built" for row in found.rows)
    assert all(row["clip"]["confidence"] == 0.9 for row in found.rows), "it speaks of the time map"


def test_a_wrong_title_marks_what_nobody_listened_to(ear: Ear) -> None:
    found = check([3, 3, 1, 3, 3, 3, 3, 3, 3], count=3)
    assert ear.times == 3
    assert found.reasons == ("speech_mismatch",)
    assert found.speech is not None
    assert found.speech.n == 3
    assert found.speech.score < 0.4
    assert all(row["reasons"] == ["speech_mismatch"] for row in found.rows)
    assert len(found.rows) == 9
    assert sum(row["speech"] is not None for row in found.rows) == 3


def test_of_a_wrong_title_what_was_heard_is_right() -> None:
    found = check([3, 1, 3])
    assert found.reasons == ("speech_mismatch",)
    assert [row["reasons"] for row in found.rows] == [["speech_mismatch"], [], ["speech_mismatch"]]


def test_the_threshold_is_the_users() -> None:
    assert check([2, 2]).reasons == ()
    assert check([2, 2], min_speech=0.6).reasons == ("speech_mismatch",)
    assert check([3, 3], min_speech=0.0).reasons == ()


def test_nothing_is_heard_twice(ear: Ear) -> None:
    dialogues = [dialogue(k) for k in range(3)]
    rows = [built(k, kind) for k, kind in enumerate((1, 3, 1))]
    first = check_title(job(), ENGLISH, dialogues, rows, read)
    again = check_title(job(), ENGLISH, dialogues, first.rows, read)
    assert ear.times == 3
    assert again.rows == []
    assert again.speech == first.speech
    # Another threshold sets the reasons anew, and hears nothing.
    strict = check_title(job(min_speech=0.0), ENGLISH, dialogues, first.rows, read)
    assert ear.times == 3
    assert [row["reasons"] for row in strict.rows] == [[]]
    # Another engine, or another text, is another matter.
    dialogues[0] = dialogue(0, "we were here")
    check_title(job(), ENGLISH, dialogues, first.rows, read)
    assert ear.times == 4
    ear.identity = "ear-2"
    check_title(job(), ENGLISH, dialogues, first.rows, read)
    assert ear.times == 7


@pytest.mark.parametrize(
    "title",
    [
        Title(title_id="t", language="fr", audio_language="fr"),
        Title(title_id="t", language="en", audio_language="ja"),
        Title(title_id="t"),
    ],
)
def test_what_cannot_be_judged_is_not_downgraded(ear: Ear, title: Title) -> None:
    found = check([3, 3], title=title)
    assert (found.rows, found.speech, found.reasons) == ([], None, ("speech_unchecked",))
    assert ear.times == 0


def test_withheld_texts_and_missing_sound_are_passed_over(ear: Ear) -> None:
    dialogues = [dialogue(0, None), dialogue(1, "[door slams]"), dialogue(2), dialogue(3), dialogue(4)]
    rows = [built(0, 3), built(1, 3), built(2, 0), built(3, 3, audio=None), built(4, 3, status="refused")]
    found = check_title(job(), ENGLISH, dialogues, rows, read)
    assert found.reasons == ("speech_unchecked",)
    assert found.rows == []
    assert ear.times == 0


def test_a_turn_in_which_nothing_is_said_withholds_nothing() -> None:
    sigh, hidden = Turn(speakers=("a",)), Turn(speakers=("a",), n_words=3)
    said = Turn(speakers=("b",), text=TEXT)
    talks = [
        Dialogue(dialogue_id="d0", title_id="t", turns=(sigh, said)),
        Dialogue(dialogue_id="d1", title_id="t", turns=(hidden, said)),
        dialogue(2),
    ]
    found = check_title(job(), ENGLISH, talks, [built(k, 1) for k in range(3)], read)
    assert [row["dialogue_id"] for row in found.rows] == ["d0", "d2"]


def test_few_words_judge_no_title() -> None:
    rows = [built(0, 3)]
    found = check_title(job(), ENGLISH, [dialogue(0, "no way")], rows, read)
    assert found.reasons == ("speech_unchecked",)
    assert [row["reasons"] for row in found.rows] == [[]]
    assert found.rows[0]["speech"]["score"] == 0


def test_sentence_clips_are_joined(ear: Ear) -> None:
    turns = (Turn(speakers=("a",), text="we were never here"), Turn(speakers=("b",), text="at all tonight"))
    talk = Dialogue(dialogue_id="d0", title_id="t", turns=(*turns, Turn(speakers=("a",), text="gone")))
    parts = [{"turns": [k], "audio": {"path": f"{k}-1"}} for k in range(2)]
    row = built(0, 1, audio=None, turn_clips=[*parts, {"turns": [2], "audio": None}])
    both = built(1, 1)
    found = check_title(job(), ENGLISH, [talk, dialogue(1)], [row, both], read)
    assert found.rows[0]["speech"]["n_words"] == 7
    assert found.rows[0]["speech"]["score"] == 1.0


def test_engines_of_short_breath_get_a_few_turns_at_a_time() -> None:
    turns = (("one", 0.5, 2.0), ("two", 2.5, 7.0), ("three", 6.5, 9.0))
    clip = Clip({"dialogue_id": "d"}, "one two three", 3, 0.0, (), turns)
    second = 16_000
    assert listen._pieces(clip, 0.0, 10 * second) == [("one two three", 0, 10 * second)]
    assert listen._pieces(clip, 6.0, 9 * second) == [
        ("one\ntwo", round(0.2 * second), round(7.3 * second)),
        ("three", round(6.2 * second), 9 * second),
    ]
    untimed = Clip({"dialogue_id": "d"}, "one", 1, 0.0, ())
    assert listen._pieces(untimed, 6.0, 100) == [("one", 0, 100)]
    talk = dialogue(0)
    assert listen._timed({"turns": [{"start": 1.0, "end": 2.0}]}, talk) == ((TEXT, 1.0, 2.0),)
    assert listen._timed({"turns": [{"start": None, "end": 2.0}]}, talk) == ()
    assert listen._timed({}, talk) == ()


def test_scores_of_pieces_weigh_their_words(ear: Ear) -> None:
    ear.best_s = 0.02
    talk = Dialogue(
        dialogue_id="d0",
        title_id="t",
        turns=(Turn(speakers=("a",), text="a b c d e f"), Turn(speakers=("b",), text="g h i j k l m")),
    )
    row = built(0, 2, turns=[{"start": 0.0, "end": 0.025}, {"start": 0.025, "end": 0.05}])
    found = check_title(job(), ENGLISH, [talk], [row], read)
    assert ear.times == 2
    assert found.rows[0]["speech"]["score"] == pytest.approx(6 / 13, abs=1e-4)
    assert found.rows[0]["speech"]["n_words"] == 13


def clips(words: list[int]) -> list[Clip]:
    return [Clip({"dialogue_id": f"d{k:02}"}, "x", n, 10.0 * k, ()) for k, n in enumerate(words)]


def test_samples_spread_over_the_film() -> None:
    made = clips([9] * 30)
    assert sample(made[::-1], -1) == made
    assert sample(made[::-1], 30) == made
    assert [c.at_s for c in sample(made[::-1], 3)] == [50.0, 150.0, 250.0]
    assert [c.at_s for c in sample(made, 1)] == [150.0]
    for count in range(1, 31):
        assert len({c.at_s for c in sample(made, count)}) == count


def test_samples_prefer_clips_of_some_words() -> None:
    made = clips([2, 9, 3, 8, 1, 7])
    assert [c.n_words for c in sample(made, 3)] == [9, 8, 7]
    assert [c.n_words for c in sample(made, 2)] == [9, 7]
    assert [c.n_words for c in sample(made, 4)] == [9, 3, 8, 7]


def test_listening_needs_someone_who_can(monkeypatch: pytest.MonkeyPatch) -> None:
    require_listener()
    monkeypatch.setattr(registry, "listeners", lambda: iter(()))
    with pytest.raises(MissingExtra, match=r"mmdia\[asr\]"):
        require_listener()
    monkeypatch.setenv("MMDIA_ASR", "ears:none")
    with pytest.raises(UsageError, match="ears"):
        require_listener()
    with pytest.raises(UsageError, match="eyes"):
        require_listener("eyes")
