"""Vocabularies of the affective triplet, with definitions, typical labels and aliases.

`paper-15` holds the 8 relationships and 15 interaction types of the paper's Tables 11 and 12
(definitions are in our words). Labels stay open: what no rule places is None, and is counted.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from mmdia.errors import UsageError


@dataclass(frozen=True, slots=True)
class Category:
    """One category.

    Attributes:
        name: Name as printed in the paper.
        definition: What belongs to it.
        typical: Typical raw labels of the paper's table.
        aliases: Other names of the category itself, and further raw labels of ours.
    """

    name: str
    definition: str
    typical: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A versioned set of categories for both axes."""

    name: str
    relationship: tuple[Category, ...]
    interaction: tuple[Category, ...]

    def axis(self, axis: str) -> tuple[Category, ...]:
        """Categories of "relationship" or "interaction".

        Raises:
            UsageError: There is no such axis.
        """
        if axis == "relationship":
            return self.relationship
        if axis == "interaction":
            return self.interaction
        raise UsageError("no such axis", expected="relationship or interaction", got=repr(axis))

    def names(self, axis: str) -> tuple[str, ...]:
        """Names of the categories of an axis, in the paper's order."""
        return tuple(c.name for c in self.axis(axis))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a raw label was placed.

    Attributes:
        category: Name of the category, or None when no rule applies.
        rule: name | alias | typical | word | unknown.
        alternatives: Other categories that fit as well.
    """

    category: str | None
    rule: str
    alternatives: tuple[str, ...] = ()


PAPER_15 = Vocabulary(
    "paper-15",
    relationship=(
        Category(
            "Workplace",
            "People who know each other through paid work or business.",
            ("Colleague", "Boss", "Manager", "Coworker", "Client"),
            ("Professional", "Employer", "Employee", "Business partner", "Supervisor", "Work"),
        ),
        Category(
            "Friends",
            "People bound by affection and trust, outside family and work.",
            ("Buddy", "Pal", "Companion", "Mate", "Peer"),
            ("Friend", "Friendship", "Best friend", "Roommate"),
        ),
        Category(
            "Intimate",
            "Romantic or physically close partners.",
            ("Boyfriend", "Girlfriend", "Partner", "Spouse", "Fiancé"),
            ("Romantic", "Lover", "Husband", "Wife", "Couple", "Married", "Fiancée", "Dating"),
        ),
        Category(
            "Family",
            "People related by blood or marriage, the wider family included.",
            ("Mother", "Father", "Sibling", "Uncle", "Cousin"),
            ("Brother", "Sister", "Son", "Daughter", "Aunt", "Parent", "Child", "Relative", "Grandmother"),
        ),
        Category(
            "Adversarial",
            "People who oppose, rival or hate each other.",
            ("Enemy", "Opponent", "Rival", "Antagonist", "Competitor"),
            ("Hostile", "Foe", "Captor", "Kidnapper"),
        ),
        Category(
            "Individual",
            "A person alone, or hardly in touch with anyone.",
            ("Solo", "Loner", "Isolated", "Monologue"),
            ("Self", "Alone"),
        ),
        Category(
            "Social",
            "Social roles and encounters, from services to strangers.",
            ("Teacher", "Doctor", "Neighbor", "Stranger", "Host", "Customer"),
            ("Neighbour", "Acquaintance", "Guest", "Student", "Patient", "Passenger"),
        ),
        Category(
            "Authority",
            "People set apart by power, command or office.",
            ("King", "Judge", "Mayor", "President", "General"),
            ("Officer", "Commander", "Police", "Ruler", "Subject"),
        ),
    ),
    interaction=(
        Category(
            "Suggesting",
            "Trying to bring someone to a belief or an action by reasons or feelings.",
            ("Persuasion", "Convincing", "Negotiation"),
            ("Suggestion", "Advice", "Proposal", "Bargaining"),
        ),
        Category(
            "Conflict",
            "Confrontation or open disagreement.",
            ("Argument", "Disagreement", "Accusation"),
            ("Confrontation", "Quarrel", "Fight", "Threat"),
        ),
        Category(
            "Questioning",
            "Asking, to learn, to clear doubts, or to make someone think.",
            ("Inquiry", "Interrogation", "Probing"),
            ("Question", "Interview"),
        ),
        Category(
            "Narration",
            "Telling a story or an experience.",
            ("Storytelling", "Flashback", "Monologue"),
            ("Recounting", "Anecdote"),
        ),
        Category(
            "Explanation",
            "Giving details or reasons so that something is understood.",
            ("Justification", "Diagnosis", "Clarification"),
            ("Teaching", "Report"),
        ),
        Category(
            "Commands",
            "Giving orders or instructions.",
            ("Orders", "Demands", "Instruction"),
            ("Command", "Order", "Demand"),
        ),
        Category(
            "Dynamic Cross-talk",
            "Fast exchange with people breaking in on each other.",
            ("Interjection", "Interruption"),
            ("Cross-talk", "Crosstalk", "Overlapping talk"),
        ),
        Category(
            "Sympathizing",
            "Comforting or supporting someone.",
            ("Comfort", "Support", "Encouragement"),
            ("Sympathising", "Sympathy", "Consolation", "Reassurance"),
        ),
        Category(
            "Rejection",
            "Turning down a request, an idea or a person.",
            ("Refusal", "Dismissal", "Avoidance"),
            ("Denial",),
        ),
        Category(
            "Banter",
            "Playful, teasing talk.",
            ("Teasing", "Flirting", "Joke"),
            ("Social banter", "Joking", "Small talk", "Mockery"),
        ),
        Category(
            "Authority Power",
            "Using authority over someone, to direct or correct.",
            ("Domination", "Criticism", "Intervention"),
            ("Scolding", "Reprimand", "Intimidation"),
        ),
        Category(
            "Performance",
            "Speaking formally to an audience.",
            ("Presentation", "Speech", "Announcement"),
            ("Toast", "Sermon"),
        ),
        Category(
            "Reflection",
            "Thinking aloud about one's life or feelings, often up to an insight.",
            ("Introspection", "Revelation", "Discovery"),
            ("Realization", "Realisation"),
        ),
        Category(
            "Emotion Release",
            "Letting feelings out: frustration, fear, relief.",
            ("Venting", "Confession"),
            ("Outburst", "Lament"),
        ),
        Category(
            "Invitation",
            "Asking someone to come or to join.",
            ("Invitation", "Offer"),
            ("Inviting",),
        ),
    ),
)

VOCABULARIES = {PAPER_15.name: PAPER_15}


def vocabulary(name: str | None) -> Vocabulary:
    """The vocabulary of that name; null means the paper's.

    Raises:
        UsageError: No such vocabulary.
    """
    found = VOCABULARIES.get(name or PAPER_15.name)
    if found is None:
        raise UsageError("unknown vocabulary", expected=", ".join(VOCABULARIES), got=repr(name))
    return found


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", plain))


def _stems(word: str) -> tuple[str, ...]:
    """The word and its singular: labels come in both numbers."""
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return (word, word[:-1]) if plural else (word,)


@lru_cache(maxsize=8)
def _tables(name: str, axis: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Folded label -> ((category, rule), ...), strongest rule first."""
    out: dict[str, list[tuple[str, str]]] = {}
    for rule in ("name", "alias", "typical"):
        for category in vocabulary(name).axis(axis):
            labels = {"name": (category.name,), "alias": category.aliases, "typical": category.typical}
            for label in labels[rule]:
                hits = out.setdefault(_fold(label), [])
                if all(category.name != other for other, _ in hits):
                    hits.append((category.name, rule))
    return {label: tuple(hits) for label, hits in out.items()}


def categorise(label: str | None, axis: str, vocab: str | None = None) -> Placement:
    """Place a raw label in a category.

    The whole label is tried first (name, alias, typical label), then its words; the category
    that most words speak for wins, and the others are alternatives.

    >>> categorise("Lifelong friends", "relationship").category
    'Friends'
    >>> categorise("Social banter", "interaction")
    Placement(category='Banter', rule='alias', alternatives=())

    Raises:
        UsageError: No such axis or vocabulary.
    """
    table = _tables(vocabulary(vocab).name, axis)
    folded = _fold(label or "")
    if not folded:
        return Placement(None, "unknown")
    if hits := table.get(folded):
        return Placement(hits[0][0], hits[0][1], tuple(name for name, _ in hits[1:]))
    votes: dict[str, int] = {}
    for word in folded.split():
        hit = next((table[s] for s in _stems(word) if s in table), ())
        for name, _ in hit:
            votes[name] = votes.get(name, 0) + 1
    if not votes:
        return Placement(None, "unknown")
    first, *rest = sorted(votes, key=lambda name: -votes[name])
    return Placement(first, "word", tuple(rest))
