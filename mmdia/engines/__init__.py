"""The only room that asks a model: ports, a registry, one adapter a file."""
