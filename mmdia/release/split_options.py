"""What can be asked of a split."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from mmdia.errors import UsageError

Disjoint = Literal["none", "title", "speaker"]
Visible = Literal["turns", "speakers"]
Pool = Literal["bench", "hard", "test"]
Scope = Literal["text", "speakers", "title", "any"]
Overlap = Literal["refuse", "drop", "report"]
#: A number of rows, or a rule: "auto" keeps tags that are there and else takes the paper's share.
Size = int | Literal["auto", "keep", "none"]

#: Rows of the paper: dialogues of MM-DIA, of BENCH, of the hard set (3.5, 5.1).
PAPER_ROWS, PAPER_BENCH, PAPER_HARD = 54_700, 309, 598
#: The paper's 90% : 5% : 5% (5.1).
PAPER_RATIOS = (90.0, 5.0, 5.0)


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """What to make of a release.

    Attributes:
        seed: Decides every choice by chance.
        ratios: Shares of train, validation and test in what is left of the hard set.
        keep_splits: Leave train, validation and test as they are; decide tags only.
        disjoint: "title": no title in two of train, validation and test, nor in train and hard;
            "speaker": nor a character of a series, nor an actor.
        drop_crossing: With "speaker": do not move whole series, but leave out (null split) rows
            of validation, test and hard whose people also speak in train.
        hard_titles: With a disjoint split, "held": hard rows are of groups that train has nothing of;
            "any": hard rows may share titles and people with train.
        bench: Size of the bench, "auto" (keep what is tagged; else the paper's share), "keep", "none".
        hard: The same for the hard set, bench included.
        min_intensity: Least emotion intensity of bench and hard; None is the release's mean.
        min_volatility: Least emotion volatility; None is the release's mean.
        visible: Bench speakers must be seen in every turn of theirs ("turns"), or at least once.
        hard_split: Split of hard rows; None (the paper's rule: they are a set of their own).
        task3_from: Task 3 takes all bench rows that pass; with "hard" or "test", labels that no
            bench row covers are filled from there.
        ood_titles: Titles to be tagged ood and kept out of all splits.
        control: Control sets to build.
        control_scope: What the dialogues of a control set share, at least.
        near: Share of a text's shingles that makes it a near duplicate in the leakage report.
        examples: Identifiers named for each failed test of the bench (0: all).
    """

    seed: int = 0
    ratios: tuple[float, float, float] = PAPER_RATIOS
    keep_splits: bool = False
    disjoint: Disjoint = "none"
    drop_crossing: bool = False
    hard_titles: Literal["held", "any"] = "held"
    bench: Size = "auto"
    hard: Size = "auto"
    min_intensity: float | None = None
    min_volatility: float | None = None
    visible: Visible = "turns"
    hard_split: Literal["validation", "test"] | None = None
    task3_from: Pool = "bench"
    ood_titles: tuple[str, ...] = ()
    control: int = 0
    control_scope: Scope = "any"
    near: float = 0.5
    examples: int = 20

    def __post_init__(self) -> None:
        for name, choices in (
            ("disjoint", get_args(Disjoint)),
            ("visible", get_args(Visible)),
            ("task3_from", get_args(Pool)),
            ("control_scope", get_args(Scope)),
            ("hard_split", (None, "validation", "test")),
            ("hard_titles", ("held", "any")),
        ):
            if (got := getattr(self, name)) not in choices:
                raise UsageError(f"no such {name}", expected=", ".join(map(str, choices)), got=repr(got))
        for name in ("bench", "hard"):
            size = getattr(self, name)
            if size not in ("auto", "keep", "none") and not (isinstance(size, int) and size >= 0):
                raise UsageError(f"no such {name}", expected="a number, auto, keep or none", got=repr(size))
        if self.drop_crossing and self.disjoint != "speaker":
            raise UsageError("drop_crossing needs disjoint='speaker'", got=repr(self.disjoint))
        if self.drop_crossing and self.hard_titles == "any":
            raise UsageError("drop_crossing needs hard_titles='held'")
        if self.keep_splits and self.disjoint != "none":
            raise UsageError("splits cannot be kept and made disjoint at once")
        if not 0 < self.near <= 1:
            raise UsageError("near is a share", expected="above 0, at most 1", got=self.near)
        if self.control < 0:
            raise UsageError("control is a number of sets", expected="0 or more", got=self.control)

    def to_row(self) -> dict[str, Any]:
        """JSON-ready, for the history of a release."""
        row = asdict(self)
        row["ratios"] = list(self.ratios)
        row["ood_titles"] = sorted(self.ood_titles)
        return row


def paper_share(rows: int, of_paper: int) -> int:
    """The same share of `rows` that the paper took: 309 bench dialogues of 54,700."""
    return round(rows * of_paper / PAPER_ROWS)
