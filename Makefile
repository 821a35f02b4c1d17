# Every target is a script in setup/ or a tool of .venv; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo examples up down status logs test check format bench faults soak bad-input security pictures lock purge
MAKEFLAGS += --no-print-directory
# The scripts read what they need from config/.env; nothing of a variable given to make is lost.
SHELL := bash

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  A second 'make up' takes seconds. Docs: docs/install.md, docs/operations.md"

demo: ## set everything up, start, and run a real notebook as a member of the team
	@setup/demo.sh

examples: ## the four examples from nothing, on a platform of their own (ARGS="--small" for little data, or names)
	@setup/examples.sh $(ARGS)

up: ## set everything up and start the platform
	@setup/up.sh

down: ## stop the services and sessions; data stays, runs under way go on
	@setup/down.sh

status: ## what is running: services, sessions, runs
	@setup/status.sh

logs: ## follow the services' output (SERVICE=hub for one of them)
	@setup/compose.sh logs --follow --tail 200 $(SERVICE)

check: ## format, lint, types, import rules
	@setup/check.sh

test: ## all tests, on a platform of their own (ARGS="tests/unit -k name" for some)
	@setup/test.sh $(ARGS)

format: ## put the sources into the house format
	@setup/venv.sh dev && .venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

bench: ## measure against plain tools, side by side, as ratios
	@setup/bench.sh $(ARGS)

faults: ## break every part of a platform while notebooks run; a table of what was lost (ARGS="--only 2,14")
	@setup/faults.sh $(ARGS)

soak: ## a storm of random faults over hundreds of runs (MINUTES=30 SEED=n)
	@setup/soak.sh --minutes "$(or $(MINUTES),30)" $(if $(SEED),--seed "$(SEED)") $(ARGS)

bad-input: ## hand over everything that is wrong, odd or hostile; a table of what it got
	@setup/bad_input.sh $(ARGS)

security: ## try every wall from outside, from a browser, from inside sessions and runs; a list of what held
	@setup/security.sh $(ARGS)

pictures: ## renew the pictures in the docs from the browser's tests
	@setup/pictures.sh $(ARGS)

lock: ## renew the lock files (images/lock.sh FOLDER for a new environment version)
	@setup/lock.sh

purge: ## remove the platform WITH ALL DATA (CONFIRM=its project's name)
	@setup/purge.sh "$(CONFIRM)"
