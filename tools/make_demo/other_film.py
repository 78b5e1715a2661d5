"""Another screenplay altogether: what a wrong film looks like to an aligner."""

from __future__ import annotations

LINES = """The lamp has to burn until six in the morning
Who keeps the books on this island?
My grandmother did, and her handwriting was terrible
There is a boat out there without any lights
Give me the binoculars
That is not a boat, that is a whale
A whale with a chimney?
Ring the harbour and tell them what we see
The line is dead, it has been dead since Tuesday
Then we shall have to use the flags
Nobody under eighty can read the flags
Captain Moss is eighty four
And fast asleep by eight
Turn the big mirror to the north
It squeaks when I push it
Everything on this rock squeaks, keep pushing
They have seen us, look, they are turning
How many do you count on deck?
Four, and something that might be a goat
Fetch the long rope and two blankets
Only two?
The goat has its own coat
Careful on the lower steps, the weed is slippery
Throw it now, before the next wave
I have got them, I have got them all
Welcome to Gull Rock, mind your heads
We were looking for the mainland
You have missed it by eleven miles
Is there any soup?
There is always soup
Write it down in the book, and write it neatly
Four sailors, one goat, no lights, much soup""".split("\n")


def cues() -> list[tuple[int, int, str]]:
    """Cues at times of their own: about as long as the film, nothing alike."""
    out, at = [], 1730
    for i, text in enumerate(LINES):
        length = 620 + 57 * len(text)
        out.append((at, at + length, text))
        at += length + (240, 2290, 410, 780, 1960, 330, 1240)[(i * 5 + i // 3) % 7]
    return out
