"""The only room that opens a film: probe, index, decode, cut, read back."""
