"""Where releases and receipts lie, how they are streamed, and what must hold for their rows.

Tables are Arrow batches whose schema is derived from the records; rows are the records themselves.
Both ways of reading give the same values.
"""
