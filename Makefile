# `make demo` and `make test` set up everything they need in .venv, with plain python3 and pip.
# A second run finds the stamp of pyproject.toml and starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HASH := $(shell $(PYTHON) -c "import hashlib, sys, pathlib as p; print(hashlib.sha256(b''.join(p.Path(f).read_bytes() for f in ('pyproject.toml', 'constraints.txt')) + sys.version.encode()).hexdigest()[:12])")
CORE := $(VENV)/stamp-core-$(HASH)
DEV := $(VENV)/stamp-dev-$(HASH)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow test-laws lint docs bench clean

demo: $(CORE)
	$(BIN)/mmdia demo

test: $(DEV)
	$(BIN)/python -m pytest -q -m "not slow" --numprocesses auto --dist loadfile $(ARGS)

test-slow: $(DEV)
	$(BIN)/python -m pytest -q -m slow --numprocesses auto --dist loadfile $(ARGS)

# Laws with fresh examples. A seed that fails is run again by: make test-laws SEEDS=...
SEEDS ?= $(shell $(PYTHON) -c "import random; print(*random.sample(range(10**6), 3))")
test-laws: SEEDS := $(SEEDS)
test-laws: $(DEV)
	@for seed in $(SEEDS); do echo "laws with --hypothesis-seed=$$seed"; \
	$(BIN)/python -m pytest -q -m "hypothesis and not slow" --numprocesses auto --dist loadfile \
	--hypothesis-profile=search --hypothesis-seed=$$seed $(ARGS) || exit 1; done

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(DEV)
	$(BIN)/python tools/make_reference.py

bench: $(DEV)
	$(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) demo-out

$(CORE):
	@echo "mmdia goes into $(VENV), once; this takes some minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(PIP) --editable ".[ffmpeg]"
	@rm -f $(VENV)/stamp-core-*
	@touch $@

$(DEV): $(CORE)
	@echo "what the tests need goes into $(VENV), once; this takes some minutes"
	$(PIP) --group dev --editable ".[train,ffmpeg,decord,fetch,pysrt,media-extra,asr,ray,eval,publish]"
	@rm -f $(VENV)/stamp-dev-*
	@touch $@
