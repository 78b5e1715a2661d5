"""What holds for every command: a narrow terminal, one JSON document, a closed pipe, and its help."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

import mmdia
from mmdia.cli import console
from mmdia.cli.main import ENVIRONMENT, all_parsers, main
from mmdia.corpus.locate import demo_release
from mmdia.release.install import install

DEMO = demo_release()
SRT = DEMO / "subtitles" / "mmdia_demo_01.srt"
NAMED = {
    "rel": DEMO,
    "srt": SRT,
    "films": DEMO.parent / "media",
    "film": DEMO.parent / "media/mmdia_demo_01.mp4",
}
#: Each command with what follows its name; {out} is a folder of this call's own. A new one needs a line.
QUICK = {
    "align": "{srt} {srt}",
    "cite": "--annotations {rel}",
    "completion": "bash",
    "doctor": "",
    "facts": "",
    "fetch": "{rel} --media-dir {out}",
    "find": "{rel}",
    "rebuild": "--media-dir {films} --annotations {rel} --out {out}/r --dry-run",
    "release card": "{rel} --out {out} --kind dataset",
    "release categorise": "{rel}",
    "release diff": "{rel} {rel}",
    "release export": "{rel} --format rttm --out {out}/x",
    "release fetch": "{rel} --media-dir {out}",
    "release import": "release {rel} --out {out}/r",
    "release info": "{rel}",
    "release install": "{rel}",
    "release list": "",
    "release merge": "{rel} {rel} --out {out}/m --name m --version 1",
    "release publish": "{rel} --out {out}/p --dry-run",
    "release remove": "mmdia-demo",
    "release split": "{rel} --dry-run",
    "release stats": "{rel} --lift",
    "release use": "mmdia-demo",
    "release validate": "{rel}",
    "titles": "--annotations {rel}",
}
SLOW = {
    "align identify": "{film} --annotations {rel}",
    "align rank": "{film} {srt} {srt}",
    "align table6": "--reference {srt} --hyp mine={srt}",
    "demo": "--out {out}/demo",
    "receipt diff": "{clips} {clips}",
    "receipt merge": "{clips} {clips} --out {out}/m",
    "release fingerprint": "{film} --out {out}/f",
}
CALLS = [*QUICK.items(), *(pytest.param(*call, marks=pytest.mark.slow) for call in SLOW.items())]
LEAVES = {name.removeprefix("mmdia "): p for name, p in all_parsers() if p._subparsers is None}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    console.set_quiet(False)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a rebuild makes; for the commands that read it."""
    out = tmp_path_factory.mktemp("made") / "clips"
    made = f"rebuild --media-dir {NAMED['films']} --annotations {DEMO} --out {out} --profile audio --jobs 0"
    assert main(made.split()) in (0, 1)
    return out


def words(name: str, call: str, out: Path) -> list[str]:
    out.mkdir(parents=True, exist_ok=True)
    if name in ("release use", "release remove"):
        install(DEMO)
    return [*name.split(), *call.format(**NAMED, out=out).split()]


def test_every_command_is_walked() -> None:
    assert set(LEAVES) == set(QUICK) | set(SLOW)


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_terminal_json_and_closed_pipe(
    request: pytest.FixtureRequest,
    name: str,
    call: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def terminal(*, stderr: bool) -> Console:
        return Console(width=80, force_terminal=True, color_system=None, stderr=stderr)

    if "{clips}" in call:
        call = call.replace("{clips}", str(request.getfixturevalue("clips")))
    monkeypatch.setattr(console, "_console", terminal)
    status = main(words(name, call, tmp_path / "a"))
    said = capsys.readouterr()
    assert "…" not in said.out
    assert "Traceback" not in said.err
    assert status != 2 or said.err.count("\n") == 1
    asks = LEAVES[name]._option_string_actions.get("--json")
    if asks is not None and asks.nargs == 0:
        assert main([*words(name, call, tmp_path / "b"), "--json"]) == status
        out = capsys.readouterr().out
        assert out == "" if status == 2 else "schema" in json.loads(out)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert main(words(name, call, tmp_path / "c")) in (0, status)
    assert "Traceback" not in capsys.readouterr().err


def test_help_is_there_without_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    for asked in ([], ["help"], ["help", "find"], ["help", "align", "rank"], ["-V"]):
        with pytest.raises(SystemExit) as caught:
            main(asked)
        assert caught.value.code == 0
        assert "mmdia" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "usage", "meant"),
    [
        ("rebuid", "usage: mmdia ", "rebuild"),
        ("release stat", "usage: mmdia release ", "stats"),
        ("find --jsn", "usage: mmdia find ", "--json"),
        ("release validate --exmples=3", "usage: mmdia release validate ", "--examples"),
        ("help titls", "usage: mmdia ", "titles"),
        ("rebuild --profile vidio", "usage: mmdia rebuild ", "video"),
    ],
)
def test_a_wrong_word_gets_the_right_one(
    asked: str, usage: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(asked.split())
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(usage)
    assert f"(nearest: {meant})" in err


def test_every_variable_that_is_read_is_in_a_help() -> None:
    source = "".join(p.read_text() for p in Path(mmdia.__file__).parent.rglob("*.py"))
    read = set(re.findall(r'"(MMDIA_[A-Z_]+)"', source))
    assert read <= set(ENVIRONMENT)
    for _, commands in ENVIRONMENT.values():
        assert set(commands or ()) <= set(LEAVES)
    assert all("MMDIA_HOME" in parser.format_help() for parser in LEAVES.values())
    assert "MMDIA_ASR" in LEAVES["rebuild"].format_help()


def test_quiet_and_verbose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["titles", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["release", "info", "nowhere", "-q"]) == 2
    assert capsys.readouterr().err.startswith("mmdia: ")
    assert main(["release", "info", "nowhere", "-v"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["find", "release stats"])
def test_a_page_is_a_report_and_the_old_name_says_so(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), str(DEMO), "--html", str(tmp_path / "p.html")]) == 0
    assert "--html is now called --report" in capsys.readouterr().err
    assert (tmp_path / "p.html").is_file()
    assert "--html" not in LEAVES[command].format_help()


def test_nothing_found_says_which_condition_no_row_meets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", str(DEMO), "--text", "zzqq", "--relationship", "Friends"]) == 1
    assert "no dialogue meets: text\n" in capsys.readouterr().err
    assert main(["find", str(DEMO), "--interaction", "Banter", "--relationship", "Family"]) == 1
    err = capsys.readouterr().err
    assert "each condition is met by some dialogue, all together by none: relationship, interaction" in err
