import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.pages.html import (
    Markup,
    badge,
    bullets,
    definitions,
    el,
    escape,
    fold,
    link,
    local_address,
    page,
    paragraph,
    player,
    section,
    table,
    words,
)
from tests.pages.page_checks import read
from tests.pages.page_documents import HOSTILE, text


@settings(max_examples=40)
@given(text, text, text)
def test_no_text_becomes_a_tag(a, b, c):
    plain = page("t", [paragraph("x", class_="y"), badge("x"), table(["x"], [["x"]], caption="x")])
    full = page(a, [paragraph(b, class_=c), badge(a, b), table([a], [[b]], caption=c)])
    assert read(full).tags == read(plain).tags


@settings(max_examples=40)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
def test_text_reads_back_as_it_was(said):
    assert "".join(read(page("t", el("p", words(said)))).text).removesuffix("\n").endswith(said)


def test_markup_is_not_escaped_twice():
    assert escape("a<b") == "a&lt;b"
    assert (
        el("p", el("b", "1 < 2"), " & ", ["x", None, Markup("<br>")])
        == "<p><b>1 &lt; 2</b> &amp; x<br></p>"
    )


def test_illegal_characters_are_replaced():
    assert escape("a\x00\x08\x1b\ud83d\ufffeb\n\tc") == "a" + "\ufffd" * 5 + "b\n\tc"


@pytest.mark.parametrize("name", ["onclick", "ONLOAD", "a b", "x=y", "1x", ""])
def test_attribute_names_are_checked(name):
    with pytest.raises(UsageError):
        el("p", **{name: "1"})


@pytest.mark.parametrize("name", ["href", "src", "style", "poster"])
def test_addresses_do_not_come_as_attributes(name):
    with pytest.raises(UsageError):
        el("a", **{name: "javascript:alert(1)"})


@pytest.mark.parametrize("tag", ["script", "STYLE", "p onclick", "<b", ""])
def test_tags_are_checked(tag):
    with pytest.raises(UsageError):
        el(tag)


def test_attributes_are_written_or_left_out():
    assert el("p", class_="a", hidden=True, id=None, lang=False, aria_label="x") == (
        '<p class="a" hidden="" aria-label="x"></p>'
    )


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("clips/a b/ü.flac", "./clips/a%20b/%C3%BC.flac"),
        ("~2e~00.mp4", "./~2e~00.mp4"),
        ("../x.mp4", "./../x.mp4"),
        ("a?b#c%20.mp4", "./a%3Fb%23c%2520.mp4"),
        ("javascript:alert(1)", "./javascript%3Aalert%281%29"),
        ("//evil.example/x", "./evil.example/x"),
        ("\\\\host\\x", "./host%5Cx"),
        ("https://evil.example/x", "./https%3A//evil.example/x"),
    ],
)
def test_addresses_stay_beside_the_page(path, address):
    assert local_address(path) == address


@settings(max_examples=40)
@given(text)
def test_links_and_players_stay_beside_the_page(path):
    made = player("video", path + "v", poster=path + "p", label=path, id_="v1")
    read(page("t", [link(path + "x", path), made]))


def test_parts_are_balanced():
    body = [
        section("A", bullets(["x", el("b", "y")]), note="n"),
        definitions([("t", "d")]),
        fold("more", paragraph("x"), is_open=True),
        table(["a", "b"], [["1", "2"]], caption="c", right=[1]),
    ]
    seen = read(page("t", body))
    assert seen.of("td", "class") == ["n"]
    assert seen.of("th", "scope") == ["col", "col"]


def test_a_page_forbids_the_network_and_foreign_scripts():
    seen = read(page("t", "x", script="var a = 1 < 2;"))
    (policy,) = [v for v in seen.of("meta", "content") if v and "default-src" in v]
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy
    assert "http" not in policy
    assert seen.scripts == ["var a = 1 < 2;"]
    assert "script-src" not in page("t", "x")


@pytest.mark.parametrize("script", ["'</script>'", "<!-- x"])
def test_a_script_cannot_end_itself(script):
    with pytest.raises(UsageError):
        page("t", "x", script=script)


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_titles(said):
    assert read(page(said, said)).tags.count("title") == 1


def test_cells_of_a_wide_table_say_their_heads_for_narrow_screens():
    wide = str(table(["a", "b", "c", ""], [["1", "2", "3", "4"]], caption="x"))
    assert 'class="scroll wide"' in wide
    assert '<td data-head="b">2</td>' in wide
    assert "<td>1</td>" in wide  # the name of the row needs no head
    assert "<td>4</td>" in wide
    assert "data-head" not in str(table(["a", "b"], [["1", "2"]], caption="x"))
