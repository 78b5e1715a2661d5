"""From files to a time map: what rebuild, curate, review and `mmdia align` all need."""
