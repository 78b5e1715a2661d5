"""Encodings: marks, wide text without marks, UTF-8 with faults, legacy code pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import SubtitleError, UsageError
from mmdia.subtitles.encoding import decode, guess_code_page

HEAD = "1\n00:00:01,000 --> 00:00:02,000\n"
LINES = {
    "pl": ("cp1250", "Nie wiem, co się stało. Proszę, wróć do domu, będzie lepiej."),
    "cs": ("cp1250", "Nevím, co se stalo. Prosím, přijď domů. Žluťoučký kůň."),
    "hu": ("cp1250", "Nem tudom, mi történt. Kérlek, gyere haza a tűz elől, őr."),
    "ro": ("cp1250", "Nu ştiu ce s-a întâmplat. Te rog, vino acasă. Mulţumesc."),
    "hr": ("cp1250", "Ne znam što se dogodilo. Molim te, dođi kući. Čekam."),
    "ru": ("cp1251", "Я не знаю, что случилось. Пожалуйста, иди домой!"),
    "uk": ("cp1251", "Я не знаю, що сталося. Її немає вдома."),
    "el": ("cp1253", "Δεν ξέρω τι συνέβη. Σε παρακαλώ, έλα σπίτι."),
    "tr": ("cp1254", "Ne olduğunu bilmiyorum. Lütfen eve gel, şimdi. Işık söndü."),
    "he": ("cp1255", "אני לא יודע מה קרה. בבקשה בוא הביתה."),
    "ar": ("cp1256", "لا أعرف ماذا حدث. من فضلك عد إلى المنزل."),
    "lt": ("cp1257", "Aš nežinau, kas atsitiko. Prašau, grįžk namo, ačiū."),
    "th": ("cp874", "ฉันไม่รู้ว่าเกิดอะไรขึ้น กรุณากลับบ้าน"),
    "fr": ("cp1252", "Je ne sais pas ce qui s’est passé. Où êtes-vous ? Ça va…"),
    "de": ("cp1252", "Ich weiß nicht, was passiert ist. Bitte komm zurück, schöne Grüße."),
    "es": ("cp1252", "¿Qué pasó? No sé. ¡Ven aquí, niño!"),
    "pt": ("cp1252", "Não sei o que aconteceu. Você está aí? Ações à mão."),
    "sv": ("cp1252", "Jag vet inte vad som hände. Snälla, kom hem på lördag."),
    "en": ("cp1252", "I don’t know — it’s a café."),
    "zh": ("gb18030", "我不知道发生了什么事。请你回家吧，大家都在等你。"),
    "zh-Hant": ("big5", "我不知道發生了什麼事。請你回家吧，大家都在等你。"),
    "ja": ("cp932", "何が起きたのか分からない。お願いだから家に帰ってきて。"),
    "ko": ("cp949", "무슨 일이 일어났는지 모르겠어요. 제발 집에 와요."),
}


@pytest.mark.parametrize("language", sorted(LINES))
@pytest.mark.parametrize("hinted", [False, True])
def test_legacy_code_pages(language: str, hinted: bool) -> None:
    page, line = LINES[language]
    decoded = decode((HEAD + line).encode(page), language=language if hinted else None)
    assert decoded.text == HEAD + line
    assert [problem.code for problem in decoded.problems] == ["encoding_guessed"]
    assert decoded.problems[0].text == decoded.encoding


@pytest.mark.parametrize(
    ("page", "language"),
    [("koi8-r", "ru"), ("cp866", "ru"), ("iso8859-5", "ru"), ("euc_jp", "ja"),
     ("iso8859-2", "pl")],
)  # fmt: skip
def test_second_code_page_of_a_language(page: str, language: str) -> None:
    line = LINES[language][1]
    assert (HEAD + line).encode(page).decode(guess_code_page((HEAD + line).encode(page))) == HEAD + line


def test_a_hint_settles_what_the_bytes_leave_open() -> None:
    data = "Nie wiem, co się s".encode("cp1250")
    assert data.decode(guess_code_page(data, language="pl")) == "Nie wiem, co się s"
    assert guess_code_page("Привет, как дела".encode("cp1251"), language="fr") == "cp1251"


@pytest.mark.parametrize("form", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("line", ["Hello", "你好，世界"])
def test_wide_text_with_and_without_a_mark(form: str, line: str) -> None:
    plain = decode((HEAD + line).encode(form))
    assert (plain.text, plain.encoding) == (HEAD + line, form)
    assert [problem.code for problem in plain.problems] == ["encoding_guessed"]
    marked = decode(("\ufeff" + HEAD + line).encode(form))
    assert (marked.text, marked.encoding, marked.problems) == (HEAD + line, form, ())


def test_latin_text_in_utf16_without_arrows() -> None:
    assert decode("just some words".encode("utf-16-le")).text == "just some words"


def test_a_mark_overrules_what_was_asked() -> None:
    data = b"\xff\xfe" + HEAD.encode("utf-16-le")
    decoded = decode(data, encoding="cp1252")
    assert (decoded.text, decoded.problems[0].code) == (HEAD, "encoding_overruled")
    assert decode(data, encoding="utf-16").problems == ()
    assert decode(b"\xef\xbb\xbfa", encoding="utf-8").problems == ()
    assert decode(b"\xef\xbb\xbfa", encoding="utf-8-sig").text == "a"


def test_utf8_with_a_broken_byte_stays_utf8() -> None:
    data = "café, naïve, Ω, déjà vu, straße".encode() * 4
    broken = data[:40] + b"\xff" + data[40:] + b"\nend"
    decoded = decode(broken)
    assert decoded.encoding == "utf-8"
    assert "déjà vu" in decoded.text
    assert [(problem.code, problem.line) for problem in decoded.problems] == [
        ("encoding_guessed", 0),
        ("undecodable", 1),
    ]


def test_odd_byte_at_the_end_of_utf16() -> None:
    decoded = decode(b"\xff\xfe" + "ab".encode("utf-16-le") + b"\x00")
    assert decoded.text.startswith("ab")
    assert decoded.problems[0].code == "undecodable"


def test_asked_for_and_wrong() -> None:
    with pytest.raises(SubtitleError, match="does not decode"):
        decode(b"\xe9", encoding="utf-8")
    with pytest.raises(UsageError):
        decode(b"a", encoding="klingon")


@given(st.binary(max_size=120))
def test_any_bytes_decode(data: bytes) -> None:
    decode(data)


@given(st.text(st.characters(codec="utf-8")))
def test_utf8_is_never_mistaken(text: str) -> None:
    decoded = decode(text.encode())
    if "\0" not in text and not text.startswith("\ufeff"):
        assert decoded.text == text
