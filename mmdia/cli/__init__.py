"""The command line: one file a verb. It parses, calls one function, and gives an exit status."""
