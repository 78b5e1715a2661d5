"""The only room that schedules workers: supervised local processes and deterministic shards."""
