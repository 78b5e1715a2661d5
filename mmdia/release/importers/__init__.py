"""Annotation sets of other makers -> releases; one format a file, found through `registry`."""
