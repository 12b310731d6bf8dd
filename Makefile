# make demo: the main job on a fresh machine. make test: all tests. Both install what is missing.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

check: ## root, and a Node that is new enough
	@mininet/check.sh

packages: check ## Debian packages that are missing
	@mininet/install.sh

test-packages: check ## the same, for tests and benchmarks
	@mininet/install.sh tests

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	touch $@

build: check node_modules/.package-lock.json ## compile to dist/
	@npm run --silent build

demo: packages build ## migrate a guest between two sites and back, with live connections
	@node dist/apps/cli/main.js lab run topologies/first-flight.yaml

test: test-packages build ## types, lint, imports, format; unit tests, tests against real OVS, the lab
	@for check in typecheck lint imports format:check; do npm run --silent $$check & checks+=($$!); done
	for check in "$${checks[@]}"; do wait $$check || failed=1; done
	[ -z "$${failed:-}" ] || exit 1
	npm test

bench: test-packages build ## measure; writes results/bench-*.json
	@node dist/apps/bench/main.js

bench-switchover: test-packages build ## strategies against MAC learning, 20 migrations each: about 20 minutes; RUNS=5 for less
	@node dist/apps/bench/switchover/main.js --runs $(or $(RUNS),20)

bench-defence: test-packages build ## attacks with the defence on and off, 3 runs each in at most 30 minutes; RUNS=1 for less
	@node dist/apps/bench/defence/main.js --runs $(or $(RUNS),3)

bench-new-path: test-packages build ## from a guest's stop to its new path, with few megaflows and with many: about 8 minutes; RUNS=1 for less
	@node dist/apps/bench/new-path/main.js --runs $(or $(RUNS),5)

clean: ## what was built and measured
	@rm -rf dist results coverage

.PHONY: help check packages test-packages build demo test bench bench-switchover bench-defence bench-new-path clean
