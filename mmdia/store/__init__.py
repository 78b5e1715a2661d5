"""The only room that commits results: atomic writes, journals, content hashes."""
