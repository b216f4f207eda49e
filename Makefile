# Everything runs in .venv, made from the lock file on first use. Python 3.11 to 3.13, make, and package registries are all it needs.
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
export DAGSTER_DISABLE_TELEMETRY := yes
export PYTHONWARNINGS := ignore::DeprecationWarning,ignore::UserWarning
HOME_OF_DEMO ?= .alignment-demo
L2A ?= ../shared/l2a
SERVICE ?= pypi

.PHONY: help setup demo dev test check docs faults interop package lock audit bench-match fit-match bench-score bench-sla bench-pipeline bench-write-back bench-fast-lane bench-serve ten-days year sentences panel-values test-engines up down smoke dist clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "%-16s %s\n", $$1, $$2}'

setup: .venv/made ## make .venv from the lock file

.venv/made: requirements.lock setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found. Install one, or name it: make setup PYTHON=/path/to/python3.12"; exit 2; }
	@echo "Installing into .venv (about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## the whole product once, on embedded systems: run, write, run again (make demo SMALL=1: a minute)
	@$(BIN)/alignment demo $(if $(SMALL),--size small)

dev: setup ## Dagster's web UI over the demo's state (ALIGNMENT_HOME for your own), with the embedded systems behind it
	@$(BIN)/alignment dev

test: setup ## all tests, offline
	@PYTHONWARNINGS= $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=10

check: setup ## ruff, mypy, import direction, Dagster definitions, generated files, licences, docs site
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/dagster definitions validate -m alignment_pipeline.definitions >/dev/null 2>.check-defs.log || { cat .check-defs.log; exit 1; }; rm -f .check-defs.log
	@$(BIN)/python -m alignment_pipeline.cli.generated --check
	@$(BIN)/python -m alignment_pipeline_tests.repository.licences
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

docs: setup ## the docs site, into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

package: setup ## write the Salesforce metadata package and the agreement's JSON schema from their sources
	@$(BIN)/python -m alignment_pipeline.cli.generated

faults: setup ## the fault matrix, all rows, with a table of results (QUICK=1: a short selection; POSTGRES=1: journals on PostgreSQL)
	@$(BIN)/python -m alignment_pipeline_tests.faults.run $(if $(QUICK),--quick,) $(if $(POSTGRES),--postgres,)

interop: setup ## clients nobody here wrote (jsforce and Salesforce's own metadata library need Node) against the sandbox
	@$(BIN)/python -m alignment_pipeline_tests.interop.run

bench-match: setup ## matching measured on the labelled set: make bench-match L2A=folder
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_match $(L2A)

fit-match: setup ## refit the matcher's weights on a labelled set: make fit-match L2A=folder
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.fit_match $(L2A)

bench-score: setup ## scoring 20 million activities, against hand-written SQL and pandas
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_score

bench-sla: setup ## a million clocks
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_sla

bench-pipeline: setup ## pipeline metrics of a day and of 90 days over 200,000 deals, beside hand-written SQL
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_pipeline

bench-write-back: setup ## 50,000 changed records applied and verified: calls, seconds, the journal's share
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_write_back machine
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_write_back shared

bench-fast-lane: setup ## 200 hand-raises to tasks, with full runs beside and ten kills (about ten minutes)
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_fast_lane

bench-serve: setup ## the served pages over a million people, with readers and a run beside them (about five minutes)
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.bench_serve --home $(HOME_OF_DEMO)

ten-days: setup ## ten ordinary days with schedules on and no person (SMALL=1: five minutes; STEPS=1: the CRM keeps the score as a number)
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.ordinary_days $(if $(SMALL),--small) $(if $(STEPS),--steps)

year: setup ## a year of a small organisation: disk, memory and time of a run by month (EVERY=12: a run every 12 days, half an hour; else hours)
	@$(BIN)/python -m alignment_pipeline_tests.benchmarks.year --every $(or $(EVERY),1)

sentences: setup ## 50 random values of each kind of sentence of the demo's home, for reading, into build/sentences.md
	@mkdir -p build
	@$(BIN)/python -m alignment_pipeline_tests.wording.fifty $(HOME_OF_DEMO) > build/sentences.md && echo build/sentences.md

panel-values: setup ## the records that `make interop` shows in the record-page component, from the demo's home
	@$(BIN)/python -m alignment_pipeline_tests.interop.panel_values $(HOME_OF_DEMO) alignment_pipeline_tests/interop/lwc/values.json

test-engines: setup ## the rules on local Spark and PostgreSQL (installs pyspark; needs Java 17)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "pyspark==4.0.1"
	@$(BIN)/python -m pytest -q -o addopts= alignment_pipeline_tests/engines

.PHONY: test-spark
test-spark: setup ## the whole line on Spark: every table as on DuckDB (installs pyspark; needs Java 17). WHOLE=1: the demo organisation. ALIGNMENT_SPARK names a cluster
	@java -version 2>&1 | grep -qE '"(17|21)\.' || { echo "make test-spark: NOT RUN. Spark 4 needs Java 17 or 21, and 'java -version' shows none. \
	Install one (apt-get install openjdk-17-jre-headless), or put it on PATH. Nothing was tested."; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "pyspark==4.0.1"
	@$(BIN)/python -m pytest -q -o addopts= alignment_pipeline_tests/engines/test_whole_line_on_spark.py \
		alignment_pipeline_tests/engines/test_assets_on_spark.py alignment_pipeline_tests/engines/test_scoring_on_spark.py alignment_pipeline_tests/engines/test_matching_on_spark.py

COMPOSE := docker compose --env-file docker/compose.env -f compose.yaml -f compose.demo.yaml

docker/compose.env:
	@umask 077; $(PYTHON) -c 'import secrets; print("POSTGRES_PASSWORD=" + secrets.token_hex(16))' > $@

up: docker/compose.env ## all processes in containers, on the embedded systems: code server, daemon, web server (read-only), PostgreSQL
	@docker info >/dev/null 2>&1 || { echo "No container engine runs here. The same processes without containers: make smoke"; exit 2; }
	@$(COMPOSE) up --build --detach --wait
	@echo "http://127.0.0.1:3000 (read-only). Approve: $(COMPOSE) run --rm person alignment plan show"

down: docker/compose.env ## stop the containers; volumes stay
	@$(COMPOSE) down

smoke: setup ## compose.yaml's processes against a real PostgreSQL: run, plan, approve, apply, with a kill of each in between (five minutes)
	@$(BIN)/python -m alignment_pipeline_tests.containers.smoke

dist: setup ## wheel, sdist and SBOM into dist/, checked, installed into an empty environment, and the small demo run from the wheel
	@$(BIN)/python -m alignment_pipeline_tests.release.build_and_try

lock: ## resolve the lock files anew (needs uv)
	uv pip compile setup.cfg --extra dev --extra otel --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock
	uv pip compile setup.cfg --extra postgres --extra otel --extra image --universal --python-version 3.11 --generate-hashes \
		-c requirements.lock --no-emit-index-url --no-header -q -o requirements-server.lock

audit: setup ## known vulnerabilities in the locked dependencies, asked of pypi.org (make audit SERVICE=osv: of api.osv.dev)
	@$(BIN)/pip-audit --strict --disable-pip --no-deps -s $(SERVICE) -r requirements.lock || { echo "make audit: not clean, or not audited. \
	When a package 'could not be audited' or a host was not reached, nothing is said about it: run this where pypi.org answers (a mirror \
	keeps no vulnerability data), or with SERVICE=osv where api.osv.dev does."; exit 1; }

clean: ## remove what was made here
	rm -rf .venv .alignment-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
