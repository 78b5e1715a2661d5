"""Self-contained HTML and SVG: plots, tables and players for every report. Strings out, no files."""
