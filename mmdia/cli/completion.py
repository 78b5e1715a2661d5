"""``mmdia completion``: a script that completes commands and options in a shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, say

EPILOG = """\
examples:
  mmdia completion bash
  mmdia completion zsh
  mmdia completion fish

Redirect it (>) to where the shell looks, and start a new one:
  bash  ~/.local/share/bash-completion/completions/mmdia
  zsh   ~/.zfunc/_mmdia (with fpath+=~/.zfunc before compinit in ~/.zshrc)
  fish  ~/.config/fish/completions/mmdia.fish
"""

#: Operands that are named so are paths, whatever their type.
PATHS = ("DIR", "FILE", "RELEASE", "SOURCE", "ANNOTATIONS", "SUBS")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "completion",
        help="completion of commands and options in a shell",
        description="Print a script that makes a shell complete commands, options and paths.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    import shtab

    from mmdia.cli.main import SUBCOMMANDS, build_parser

    parser = build_parser()
    for command, words in SUBCOMMANDS.items():
        _nest(parser, command, words)
    for action in _actions(parser):
        named = str(action.metavar)
        if action.type is Path or any(word in named for word in PATHS):
            vars(action)["complete"] = shtab.DIRECTORY if "DIR" in named else shtab.FILE
    script = shtab.complete(parser, shell=args.shell)
    # Files where nothing else fits: `mmdia align` takes a word or a file.
    say(script.replace("complete -o bashdefault -F", "complete -o bashdefault -o default -F"))
    return EXIT_DONE


def _commands(parser: argparse.ArgumentParser) -> Iterator[Any]:
    return (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    yield from parser._actions
    for commands in _commands(parser):
        for child in commands.choices.values():
            yield from _actions(child)


def _nest(parser: argparse.ArgumentParser, command: str, words: Iterable[str]) -> None:
    """Turn the one command ``align rank`` of our parser into what a shell sees: two words."""
    flat = next(_commands(parser))
    inner = flat.choices[command].add_subparsers()
    actions = flat.choices[command]._actions
    actions.insert(1, actions.pop())
    for word in words:
        inner.choices[word] = flat.choices.pop(f"{command} {word}")
    for action in [a for a in flat._choices_actions if a.dest.partition(" ")[2]]:
        flat._choices_actions.remove(action)
        action.dest = action.metavar = action.dest.partition(" ")[2]
        inner._choices_actions.append(action)
