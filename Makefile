# Footfall. `make run` starts the product, `make test` proves it; both install what they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
MAP := dashboard/static/built/world.svg
TEST_PROCESSES ?= 2
PIP_QUIET := --quiet --disable-pip-version-check

help: ## say what each command does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/installed map footfall.toml ## start everything on the embedded store, with the example site
	@$(BIN)/footfall serve --example

demo: .venv/installed map footfall.toml ## the same, with a year of made-up traffic in data-demo/
	@$(BIN)/footfall demo --serve

test: .venv/installed-dev chromium node frontend clickhouse zookeeper strace nginx caddy systemd ## run every test
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/installed-dev ## ruff, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: .venv/installed-dev strace clickhouse zookeeper ## break it for hours: every call killed, 1,000 kills under load, 10,000 damaged files
	FOOTFALL_TEST_FAULTS=nightly FOOTFALL_TEST_KILLS=1000 FOOTFALL_TEST_POWER_CUTS=100 FOOTFALL_TEST_REPLICA_KILLS=200 \
	FOOTFALL_TEST_ORACLE=whole FOOTFALL_TEST_HOSTILE=9000 FOOTFALL_TEST_FUZZED=20000 FOOTFALL_TEST_FOLDS=5000 \
	$(BIN)/pytest --timeout 14400 --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --durations 25 \
	tests/faults tests/cluster/test_delivery_to_shards.py tests/dashboard/test_oracle.py \
	tests/dashboard/test_hostile_requests.py tests/dashboard/test_folding_differences.py $(ARGS)

mutations: .venv/installed-dev js-snippet/node_modules ## switch off each safeguard: the test that is there for it must fail
	PYTHONPATH=tests $(BIN)/python -m support.mutations $(ARGS)

bench: .venv/installed-dev wrk clickhouse ## measure, and write benchmarks/REPORT.md
	$(BIN)/python -m benchmarks.run $(ARGS)

snippet: node ## build collector/static/script.js from js-snippet/
	cd js-snippet && npm ci --silent && npm run --silent build

js-snippet/node_modules: js-snippet/package-lock.json | node
	@cd js-snippet && npm ci --silent
	@touch $@

frontend: node ## build the dashboard's map from frontend/, and install what its tests need
	cd frontend && npm ci --silent && npm run --silent build

lock: .venv/installed-dev ## resolve the dependencies anew into requirements*.txt
	$(BIN)/python -m pip install $(PIP_QUIET) uv
	scripts/lock

clean: ## remove what was installed and built, never data
	rm -rf .venv artefacts build dist

footfall.toml:
	@cp footfall.example.toml $@

.venv/installed: requirements.txt pyproject.toml
	@echo "Installing Footfall into .venv (once; about half a minute) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Footfall needs Python 3.11 or newer; 'make PYTHON=/path/to/python3.11 run' chooses one."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python's venv module is missing: on Debian or Ubuntu, apt-get install python3-venv."; exit 1; }
	@$(BIN)/python -m pip install $(PIP_QUIET) --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install $(PIP_QUIET) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@$(BIN)/python -m pip install $(PIP_QUIET) --require-hashes -r requirements-dev.txt
	@touch $@

# The map is all that needs npm: without it everything runs, and the panel of places has a list only.
map:
	@test -f $(MAP) -a $(MAP) -nt frontend/package-lock.json -a $(MAP) -nt frontend/build.mjs || $(MAKE) --silent build-map || echo "The map of the world could not be built (it needs npm and a package registry): countries come as a list."

build-map:
	@command -v npm >/dev/null || { test "$$(id -u)" = 0 && echo "Installing Node.js for the map …" && apt-get update -qq && apt-get install -qq -y nodejs npm >/dev/null; }
	@cd frontend && npm ci --silent --omit=dev && npm run --silent build >/dev/null

chromium:
	@command -v chromium >/dev/null || { echo "Installing chromium for the browser tests …"; apt-get update -qq && apt-get install -qq -y chromium >/dev/null; }

clickhouse:
	@test -x /usr/sbin/clickhouse-server || { echo "Installing clickhouse-server, the oldest that the store's tests accept …"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y clickhouse-server >/dev/null; }

zookeeper:
	@test -e /usr/share/java/zookeeper.jar && command -v java >/dev/null || { echo "Installing zookeeper, which the tests of a cluster need …"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y zookeeper default-jre-headless >/dev/null; }

strace:
	@command -v strace >/dev/null || { echo "Installing strace for the tests of a failing disk …"; apt-get update -qq && apt-get install -qq -y strace >/dev/null; }

wrk:
	@command -v wrk >/dev/null || { echo "Installing wrk for the benchmarks …"; apt-get update -qq && apt-get install -qq -y wrk >/dev/null; }

nginx:
	@test -x /usr/sbin/nginx || { echo "Installing nginx for the tests of its example …"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y nginx-light >/dev/null; }

caddy:
	@command -v caddy >/dev/null || { echo "Installing caddy for the tests of its example …"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y caddy >/dev/null; }

systemd:
	@command -v systemd-analyze >/dev/null || { echo "Installing systemd, which checks the units …"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y systemd >/dev/null; }

node:
	@command -v npm >/dev/null || { echo "Installing Node.js for the builds of snippet and map …"; apt-get update -qq && apt-get install -qq -y nodejs npm >/dev/null; }

.PHONY: help run demo test lint faults mutations bench snippet frontend map build-map lock clean chromium clickhouse zookeeper node strace wrk nginx caddy systemd
