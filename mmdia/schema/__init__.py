"""What the data is: time, cues, titles, dialogues, releases, receipts, predictions, scores.

Records are nouns without verbs: none of them opens a file.
"""
