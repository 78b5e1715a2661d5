"""Annotation releases as a whole: validate, describe, install."""
