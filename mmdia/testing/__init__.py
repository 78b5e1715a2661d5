"""Tiny offline models, marks in test films, fake servers: for users' tests and ours."""
