"""Payloads to text, speakers and marks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.schema.cue import Cue
from mmdia.subtitles.clean import clean_cue, split_dashes
from mmdia.subtitles.labels import is_name
from mmdia.subtitles.marks import kind_of


def clean(raw: str, form: str = "srt") -> Cue:
    return clean_cue(Cue(0, 1000, "", raw_text=raw), form=form)


def marks(raw: str, form: str = "srt") -> list[tuple[str, str | None, int]]:
    return [(mark.label, mark.kind, mark.char_offset) for mark in clean(raw, form).marks]


@pytest.mark.parametrize(
    ("raw", "text", "speakers"),
    [
        ("JOHN: Hi there.", "Hi there.", ("JOHN",)),
        ("Emo: Hi there.", "Hi there.", ("Emo",)),
        ("<v Proog>Hi</v>", "Hi", ("Proog",)),
        ("<v.loud.first Esme Johnson>Hi", "Hi", ("Esme Johnson",)),
        ("<v Fred &amp; Ann>Hi", "Hi", ("Fred & Ann",)),
        ("(Boy): Later", "Later", ("Boy",)),
        ("(المشروع): أوه!", "أوه!", ("المشروع",)),
        ("[JOHN] Hi there.", "Hi there.", ("JOHN",)),
        ("[John:] Hi there.", "Hi there.", ("John",)),
        ("[MAN ON TV]: Tonight...", "Tonight...", ("MAN ON TV",)),
        ("MAN #2: Run!", "Run!", ("MAN #2",)),
        ("DR. SMITH: Sit.", "Sit.", ("DR. SMITH",)),
        ("Mrs. Hall: Sit.", "Sit.", ("Mrs. Hall",)),
        ("King of France: Sit.", "Sit.", ("King of France",)),
        ("<i>NARRATOR:</i> Once", "Once", ("NARRATOR",)),
        (">> ANN: Good evening.", "Good evening.", ("ANN",)),
        ("小明：你好", "你好", ("小明",)),
        ("ANN:\nHi there.", "Hi there.", ("ANN",)),
        ("ANN: Hi.\nBOB: Hello.", "Hi.\nHello.", ("ANN", "BOB")),
        ("- ANN: Hi.\n- Hello.", "Hi.\nHello.", ("ANN",)),
        ("ANN [laughs]: Hi.", "Hi.", ("ANN",)),
        ("ANN (O.S.): Hi.", "Hi.", ("ANN",)),
    ],
)
def test_speaker_labels(raw: str, text: str, speakers: tuple[str, ...]) -> None:
    cue = clean(raw)
    assert (cue.text, cue.speakers) == (text, speakers)
    assert cue.raw_text == raw


@pytest.mark.parametrize(
    "raw",
    [
        "12:30 is too late",
        "At 12:30 then",
        "http://example.org",
        "See https://example.org: it works",
        "Note: the bridge is closed",
        "WARNING: keep out",
        "Chapter 3: The storm",
        "he said: no",
        "And then he said: no",
        "I want one thing: you",
        "LISTEN TO ME: go",
        "Well, Emo: go",
        "注意：危险",
        "Q: who?",
        "He is a friend : really",
    ],
)
def test_no_speaker_labels(raw: str) -> None:
    cue = clean(raw)
    assert (cue.text, cue.speakers) == (raw, ())


def test_name_forms() -> None:
    assert is_name("J.R. Ewing")
    assert not is_name("One two")
    assert not is_name("one")
    assert not is_name("The Man Who Knew Too Much")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("laughs", "vocal"),
        ("sobs quietly", "vocal"),
        ("pause", "speech_event"),
        ("whispers", "speech_event"),
        ("in french", "speech_event"),
        ("door slams", "ambient"),
        ("phone rings", "ambient"),
        ("crowd screaming", "ambient"),
        ("dramatic music", "music"),
        ("sarcastically", "tone"),
        ("on screen: 1984", None),
        ("prazo final", None),
        ("clicks tongue", "vocal"),
        ("hum", "vocal"),
        ("plötzlich lacht er", "vocal"),
    ],
)
def test_kinds(label: str, kind: str | None) -> None:
    assert kind_of(label) == kind


@pytest.mark.parametrize(
    ("raw", "text", "found"),
    [
        ("[door slams]", "", [("door slams", "ambient", 0)]),
        ("[Door slams] What was that?", "What was that?", [("door slams", "ambient", 0)]),
        ("Oh (laughs), you.", "Oh, you.", [("laughs", "vocal", 2)]),
        ("Oh. *sighs* Fine.", "Oh. Fine.", [("sighs", "vocal", 4)]),
        ("♪ La la la ♪", "", [("la la la", "music", 0)]),
        ("♪ La la\nla la ♪", "", [("la la la la", "music", 0)]),
        ("♪ La la\n♪ la la", "", [("la la", "music", 0), ("la la", "music", 0)]),
        ("♪♪", "", [("music", "music", 0)]),
        ("# Happy days #", "", [("happy days", "music", 0)]),
        ("Hi.\n[laughs]\nBye.", "Hi.\nBye.", [("laughs", "vocal", 3)]),
        ("[dramatic\nmusic playing]", "", [("dramatic music playing", "music", 0)]),
        ("[laughs] No. [sighs] Yes.", "No. Yes.", [("laughs", "vocal", 0), ("sighs", "vocal", 4)]),
        ("[icily] No.", "No.", [("icily", "tone", 0)]),
        ("No. (in French) Oui.", "No. Oui.", [("in french", "speech_event", 4)]),
        ("He [John] left", "He left", [("john", None, 3)]),
        ("JOHN: [laughs] Hi", "Hi", [("laughs", "vocal", 0)]),
        ("（笑）そうだ", "そうだ", [("笑", "vocal", 0)]),
    ],
)
def test_marks(raw: str, text: str, found: list[tuple[str, str | None, int]]) -> None:
    assert (clean(raw).text, marks(raw)) == (text, found)


@pytest.mark.parametrize(
    "raw",
    [
        "The player (so they say, at least) is here",
        "Call (555) now",
        "That is *really* good",
        "He (the dog) barks",
        "It is (really) good",
        "F*** you and f***",
        "We are #1 and #2",
        "(I never thought that it would come to this.)",
        "[ ]",
    ],
)
def test_asides_and_stress_stay_text(raw: str) -> None:
    assert (clean(raw).text, clean(raw).marks) == (raw, ())


@pytest.mark.parametrize(
    ("raw", "form", "text"),
    [
        ("<i>Hi</i> <font color='#fff'>you</font>", "srt", "Hi you"),
        ("{\\an8}Hi {Y:i}you {normal}", "srt", "Hi you {normal}"),
        ("One\\Ntwo\\hthree", "srt", "One\ntwo three"),
        ("2 < 3 and 5 > 4", "srt", "2 < 3 and 5 > 4"),
        ("<x>a</x> <knock>", "srt", "a <knock>"),
        ("<x>a</x> <knock>", "vtt", "a"),
        ("<c.yellow.big>Hi</c> <lang en>you</lang>", "vtt", "Hi you"),
        ("<ruby>東<rp>(</rp><rt>とう</rt>京<rt>きょう</rt></ruby>だ", "vtt", "東京だ"),
        ("Rock &amp; roll &lt;3 &nbsp; &#39;n&#x27; AT&T", "vtt", "Rock & roll <3 'n' AT&T"),
        ("&lt;i&gt;", "vtt", "<i>"),
        ("{\\pos(1,2)}Hi{\\p1}m 0 0{\\p0} there", "ass", "Hi there"),
        ("\u202bשלום\u202c", "srt", "שלום"),
        ("می\u200cخواهم", "srt", "می\u200cخواهم"),
        ("zero\u200bwidth\u00adsoft\ufeff", "srt", "zerowidthsoft"),
        ("a<br>b<BR/>c", "srt", "a\nb\nc"),
        ("-5 degrees", "srt", "-5 degrees"),
        ("--and then", "srt", "--and then"),
        ("But isn't it -", "srt", "But isn't it -"),
        ("well-known\nmother-in-law", "srt", "well-known\nmother-in-law"),
    ],
)
def test_markup(raw: str, form: str, text: str) -> None:
    assert clean(raw, form).text == text
    assert clean(raw, form).raw_text == raw


def test_karaoke_words() -> None:
    cue = clean_cue(Cue(16_500, 18_500, "", raw_text="When the moon <00:17.500>hits your eye"), form="vtt")
    words = [(word.text, word.start_s, word.end_s) for word in cue.words]
    assert [word[0] for word in words] == ["When", "the", "moon", "hits", "your", "eye"]
    assert words[0][1] == 16.5
    assert words[3][1] == 17.5
    assert words[-1][2] == 18.5
    assert cue.text == "When the moon hits your eye"
    backwards = clean_cue(Cue(1000, 2000, "", raw_text="a<00:01.500>b<00:00.100>c<00:09.000>d"), form="vtt")
    assert [word.text for word in backwards.words] == ["a", "bcd"]


@pytest.mark.parametrize(
    ("raw", "form", "expected"),
    [
        ("- Hi.\n- Hello!", "srt", [("Hi.", ()), ("Hello!", ())]),
        ("-Hi.\n-Hello!", "srt", [("Hi.", ()), ("Hello!", ())]),
        ("— Привет.\n— Да?", "srt", [("Привет.", ()), ("Да?", ())]),
        ("Why?\n- Now!", "srt", [("Why?", ()), ("Now!", ())]),
        ("- Hi\nyou.\n- Hello!", "srt", [("Hi\nyou.", ()), ("Hello!", ())]),
        ("<v A>Why?</v> - <v B>Now!</v>", "vtt", [("Why?", ("A",)), ("Now!", ("B",))]),
        ("ANN: Hi.\n[BOB] Hello.", "srt", [("Hi.", ("ANN",)), ("Hello.", ("BOB",))]),
        ("أمل ؟!؟\nنعم -", "srt", [("أمل ؟!؟", ()), ("نعم", ())]),
        ("Hi.\nHello.", "srt", [("Hi.\nHello.", ())]),
        ("- Hi.\n- [laughs]", "srt", [("Hi.", ())]),
    ],
)
def test_split_dashes(raw: str, form: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    cue = clean_cue(Cue(1000, 3000, "", raw_text=raw, line=4), form=form)
    parts = split_dashes(cue, form=form)
    assert [(part.text, part.speakers) for part in parts] == expected
    assert (parts[0].start_ms, parts[-1].end_ms) == (1000, 3000)
    assert all(left.end_ms == right.start_ms for left, right in pairwise(parts))
    assert all(part.line == 4 for part in parts)
    assert "\n".join(part.text for part in parts) == cue.text


def test_split_is_by_characters() -> None:
    parts = split_dashes(Cue(0, 1000, "", raw_text="- abc\n- abcdefg"))
    assert [(part.start_ms, part.end_ms) for part in parts] == [(0, 300), (300, 1000)]
    assert split_dashes(Cue(0, 10, "- a\n- b"))[1].text == "b"


@given(
    st.text(alphabet="ab .-—:[]()<>{}\\*♪#&;/vNA\n1אب\u2060\ufdd0\ufdd1"),
    st.sampled_from(["srt", "vtt", "ass"]),
)
def test_clean_never_fails_and_marks_lie_inside(raw: str, form: str) -> None:
    cue = clean(raw, form)
    assert all(0 <= mark.char_offset <= len(cue.text) for mark in cue.marks)
    offsets = [mark.char_offset for mark in cue.marks]
    assert offsets == sorted(offsets)
    assert not any(line != line.strip() or not line for line in cue.text.split("\n") if cue.text)
    assert "\ufdd0" not in cue.text
    assert "\ufdd1" not in cue.text
    parts = split_dashes(cue, form=form)
    assert (parts[0].start_ms, parts[-1].end_ms) == (0, 1000)
    assert all(left.end_ms == right.start_ms for left, right in pairwise(parts))
