"""Metrics: arrays and strings in, values out; no files, no models."""
