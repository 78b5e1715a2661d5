"""Non-verbal marks by a shipped table: what annotators write, as one label of one kind.

Annotators and subtitles write the same sound in many ways (``[LAUGHS]``, ``laughing softly``,
``*chuckles*``). The table gives each sound one label, its kind, and where speech models have one, the
tag that makes them utter it. What no rule places stays as it was written, and is counted.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

NONVERBAL_TABLE = "marks-1"


@dataclass(frozen=True, slots=True)
class Sound:
    """One row of the table.

    Attributes:
        label: Normalised name, as a verb in the third person where there is one ("laughs").
        kind: vocal, speech_event, ambient, music, visual, or tone.
        forms: Words and phrases that mean it, lower case; the label itself is one of them.
        tag: Tag in the notation of dialogue speech models ("(laughs)"); None where they have none.
    """

    label: str
    kind: str
    forms: tuple[str, ...]
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Normal:
    """Where a raw mark was placed.

    Attributes:
        kind: Kind, or None when no rule applies.
        label: Normalised label; the raw text without its brackets when no rule applies.
        tag: Tag of speech models, if any.
        rule: label | form | word | unknown.
        alternatives: Other labels that words of the mark speak for.
    """

    kind: str | None
    label: str
    tag: str | None
    rule: str
    alternatives: tuple[str, ...] = ()


def _sounds(kind: str, rows: str) -> tuple[Sound, ...]:
    """Rows of text: ``label [(tag)]: form, form``; after a comma at its end, a row goes on."""
    out = []
    for row in rows.strip().replace(",\n", ", ").splitlines():
        head, _, forms = row.partition(":")
        label, _, tag = head.strip().partition(" (")
        listed = (label, *(form.strip() for form in forms.split(",") if form.strip()))
        out.append(Sound(label, kind, tuple(dict.fromkeys(listed)), f"({tag}" if tag else None))
    return tuple(out)


_VOCAL = """
laughs (laughs): laugh, laughing, laughed, laughter, guffaws, guffawing, cackles, cackling, giggles,
  giggle, giggling, titters
chuckles (chuckle): chuckle, chuckling, chuckled, snickers, snickering, sniggers
sighs (sighs): sigh, sighing, sighed, exasperated sigh, sigh of relief
gasps (gasps): gasp, gasping, gasped, sharp breath, sharp intake of breath
sobs: sob, sobbing, sobbed, cries, cry, crying, cried, weeps, weep, weeping, tears, bawling, choked sob
whimpers: whimper, whimpering, whines, whining, whine
sniffles (sniffs): sniffle, sniffling, sniffs, sniff, sniffing
coughs (coughs): cough, coughing, coughed, coughing fit
clears throat (clears throat): clearing throat, throat clearing, clear throat, throat
sneezes (sneezes): sneeze, sneezing
groans (groans): groan, groaning, groaned, moans, moan, moaning
grunts: grunt, grunting, grunted, grumbles, grumbling
growls: growl, growling, snarls, snarling
screams (screams): scream, screaming, screamed, shrieks, shriek, shrieking, wails, wailing, squeals,
  squealing, yelps
shouts: shout, shouting, shouted, yells, yell, yelling, yelled, hollers
scoffs: scoff, scoffing, scoffed, tuts, tsk, tongue click, clicks tongue
snorts: snort, snorting, snorted
breathes: breath, breathing, breathes heavily, heavy breathing, deep breath, heavy breath,
  breathlessness, panting, pants, wheezes
inhales (inhales): inhale, inhaling, inhaled
exhales (exhales): exhale, exhaling, exhaled, blows out air
gulps: gulp, gulping, swallows, swallowing
yawns: yawn, yawning
snores: snore, snoring
hums (humming): hum, humming, hmm, mhm, mm-hmm
whistles (whistles): whistle, whistling
kisses: kiss, kissing, smooches
chokes: choke, choking, gags, gagging, retches, retching, vomits, vomiting
burps (burps): burp, burping, belches, hiccups, hiccup
"""

_SPEECH_EVENT = """
pauses: pause, pausing, long pause, brief pause, beat, hesitates, hesitation, hesitating
silence: silent, falls silent, awkward silence
whispers: whisper, whispering, whispered, hushed voice
mumbles (mumbles): mumble, mumbling, mutters, mutter, muttering, murmurs, murmuring, murmur
stutters: stutter, stuttering, stammers, stammering, stammer
interrupts: interrupting, interruption, cuts off, cut off, interjects
overlaps: overlapping, overlapping speech, talking over each other, crosstalk, cross-talk
voice breaks: voice breaking, voice cracks, voice cracking, voice trembles, trembling voice, shaky voice
off-screen: offscreen, o.s, v.o, off-camera, voiceover, voice-over
over phone: on phone, over radio, on radio, over intercom, over speaker, on tv
foreign language: speaks french, speaks german, speaks spanish, speaking french, speaking german,
  speaking spanish
unintelligible: inaudible, indistinct, gibberish, muffled speech, indistinct chatter,
  indistinct conversation
"""

_AMBIENT = """
door: door opens, door closes, door slams, door opening, door closing, door slamming, doors,
  door creaks, slams door
knocks: knock, knocking, knock on door, knocking on door, doorbell, doorbell rings
phone rings: phone ringing, telephone rings, telephone ringing, phone, telephone, cell phone rings,
  phone buzzes, ringtone
footsteps: footstep, steps, footfalls, walking
gunshot: gunshots, gunfire, gun cocks, shots, shooting, gun
explosion: explosions, explodes, blast
crash: crashes, crashing, shatters, shattering, glass breaks, glass breaking, glass shatters, bang,
  bangs, thud, thuds
applause (applause): applauds, applauding, clapping, claps, crowd applauds
crowd: cheering, cheers, crowd cheers, crowd cheering, chatter, crowd noise, audience laughs,
  audience laughing
alarm: alarms, siren, sirens, beep, beeps, beeping, buzzer, bell, bells, bell rings
engine: engine starts, engine revs, car, car engine, car horn, horn honks, traffic, tires screech,
  helicopter, train
weather: thunder, rain, wind, storm, thunder rumbles, wind howling, raining
animal: dog, dogs, barks, barking, dog barking, cat, meows, birds, birds chirping, horse, neighs
clatter: clatters, clattering, clink, clinks, clinking, rattles, rustles, rustling, creaks, creaking,
  click, clicks
splash: splashes, splashing, water, water running, waves
"""

_MUSIC = """
music: background music, music playing, music plays, soundtrack, theme, orchestra, piano, guitar, drums,
  dramatic music, tense music, soft music
sings (sings): singing, sing, sung, song, chants, chanting
"""

_VISUAL = """
nods: nod, nodding
shakes head: shaking head, head shake
smiles: smile, smiling, grins, grinning, smirks, smirk
shrugs: shrug, shrugging
points: pointing, gestures, gesturing
hugs: hug, hugging, embraces, embrace
slaps: slap, slapping, punches, punch, hits
"""

_TONE = """
angrily: angry, anger, furious, furiously, enraged
sadly: sad, sadness, tearfully, tearful, mournful
happily: happy, cheerful, cheerfully, joyful, joyfully
excitedly: excited, enthusiastic, enthusiastically
nervously: nervous, anxious, anxiously, worried
sarcastically: sarcastic, sarcasm, ironic, ironically, mocking, mockingly
softly: soft, quietly, quiet, gently, gentle, tenderly
loudly: loud, booming
calmly: calm, evenly
coldly: cold, sternly, stern, flatly, deadpan
playfully: playful, teasingly, teasing
hesitantly: hesitant, uncertainly, unsure
"""

#: The table, in the order in which its words are tried.
SOUNDS: tuple[Sound, ...] = (
    *_sounds("vocal", _VOCAL),
    *_sounds("speech_event", _SPEECH_EVENT),
    *_sounds("ambient", _AMBIENT),
    *_sounds("music", _MUSIC),
    *_sounds("visual", _VISUAL),
    *_sounds("tone", _TONE),
)

_BRACKETS = "[](){}<>\uff08\uff09\u3010\u3011\uff3b\uff3d*#_"
_NOTES = "\u2669\u266a\u266b\u266c\U0001f3b5\U0001f3b6"
_EDGE = " \t\n\u00a0.!?\u2026,;:-\u2013\u2014\"'\u201c\u201d\u2018\u2019"
_WORD = re.compile(r"[^\W_]+(?:[.'\u2019-][^\W_]+)*")
#: In a phrase these say who or how, while another word says what.
_WEAK_KINDS = ("tone",)
#: What is heard from the surroundings decides a phrase: "crowd screaming", "music playing softly".
_STRONG_KINDS = ("music", "ambient")


def plain_mark(raw: str) -> str:
    """A mark in lower case, without brackets, notes and punctuation at its ends.

    >>> plain_mark(" [LAUGHS  softly.] ")
    'laughs softly'
    """
    text = " ".join(unicodedata.normalize("NFKC", raw).split())
    return text.strip(_BRACKETS + _EDGE + _NOTES).casefold()


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Sound], dict[str, Sound]]:
    """Sounds by label, and by any of their forms; the first row that names a form has it."""
    labels = {sound.label: sound for sound in SOUNDS}
    forms: dict[str, Sound] = {}
    for sound in SOUNDS:
        for form in sound.forms:
            forms.setdefault(form, sound)
    return labels, {**forms, **labels}


@lru_cache(maxsize=65_536)
def normalise_mark(raw: str) -> Normal:
    """Place a raw mark in the table.

    The whole mark is tried first, then phrases of two words, then single words. Of several sounds
    in one mark, surroundings go before voices and voices before manners; the first one written wins.

    >>> normalise_mark("[Laughing nervously]")
    Normal(kind='vocal', label='laughs', tag='(laughs)', rule='word', alternatives=('nervously',))
    >>> normalise_mark("xylophonic").rule
    'unknown'
    """
    labels, forms = _tables()
    plain = plain_mark(raw)
    if plain in forms:
        return _placed(forms[plain], "label" if plain in labels else "form")
    if not plain:
        # A bare note sign is how subtitles write music.
        return _placed(labels["music"], "form") if any(n in raw for n in _NOTES) else _stray(raw)
    found = _in_words(_WORD.findall(plain), forms)
    if any(note in raw for note in _NOTES):
        found.insert(0, labels["sings"])
    if not found:
        return _stray(plain)
    best = min(found, key=lambda sound: _rank(sound.kind))
    others = dict.fromkeys(sound.label for sound in found if sound is not best)
    return _placed(best, "word", tuple(others))


def _in_words(words: list[str], forms: dict[str, Sound]) -> list[Sound]:
    found = []
    k = 0
    while k < len(words):
        pair = " ".join(words[k : k + 2])
        if k + 1 < len(words) and pair in forms:
            found.append(forms[pair])
            k += 2
            continue
        if words[k] in forms:
            found.append(forms[words[k]])
        k += 1
    return list(dict.fromkeys(found))


def _rank(kind: str) -> int:
    return 0 if kind in _STRONG_KINDS else 2 if kind in _WEAK_KINDS else 1


def _placed(sound: Sound, rule: str, alternatives: tuple[str, ...] = ()) -> Normal:
    return Normal(sound.kind, sound.label, sound.tag, rule, alternatives)


def _stray(text: str) -> Normal:
    return Normal(None, text.strip(), None, "unknown")
