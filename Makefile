# Everything a person or CI runs. `make help` lists it. Assumed: Python 3.11 or newer, make, and a way to the registries
# of packages; the servers, Node and (where there is none) Chromium come out of packages.

PYTHON ?= python3
VENV ?= .venv
UV := 0.13.9

BIN := $(abspath $(VENV))/bin
PY := $(BIN)/python
NPM := PATH="$(BIN):$$PATH" npm --prefix frontend --no-audit --no-fund
# uv is told of the sources pip was told of.
ifneq ($(PIP_FIND_LINKS),)
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
endif
ifneq ($(PIP_INDEX_URL),)
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifneq ($(PIP_EXTRA_INDEX_URL),)
export UV_EXTRA_INDEX_URL ?= $(PIP_EXTRA_INDEX_URL)
export UV_INDEX_STRATEGY ?= unsafe-best-match
endif

# torch for the CPU on a public machine; TORCH_BACKEND=auto where there is a GPU; a source of your own is left alone.
OWN_SOURCE := $(strip $(UV_FIND_LINKS)$(UV_INDEX)$(UV_EXTRA_INDEX_URL))
TORCH := $(if $(OWN_SOURCE),,--torch-backend $(or $(TORCH_BACKEND),cpu))
# A local name such as +cpu and what only a GPU build of torch needs stay out of the lock.
PORTABLE := sed -E -e '/^(nvidia|cuda|triton)[a-z0-9-]*==/d' -e 's/^torch==([0-9.]+).*/torch==\1/' | uniq

# Checks read the settings but open no connection: these name nothing that answers.
NOWHERE := DATABASE_URL=postgres://check@127.0.0.1:1/check REDIS_URL=redis://127.0.0.1:1 \
	S3_ENDPOINT_URL=http://127.0.0.1:1 S3_ACCESS_KEY_ID=check S3_SECRET_ACCESS_KEY=check \
	GUILDHALL_SECRET_KEY=only-for-checks-that-open-no-connection
MANAGE := $(NOWHERE) $(PY) manage.py

INSTALLED := $(VENV)/.installed
MODULES := frontend/node_modules/.installed
PAGES := frontend/dist/index.html
# Older generations of the clients that people have at home, each beside what is installed; the tests load models with them.
CLIENTS := $(patsubst tests/clients/%.txt,var/clients/%/.installed,$(wildcard tests/clients/*.txt))
CUDA ?= auto
THREADS ?= 1
NATIVE := flexcore/kernels/libflexcore.so
NATIVE_SOURCES := $(shell find flexcore/csrc -type f -not -name '*.pyc')
PAGE_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune -o -type f -print 2>/dev/null) $(wildcard docs/guides/*.md) docs/openapi.yaml

.DEFAULT_GOAL := help
.PHONY: help setup clients frontend native chaos bench bench-compose bench-intake bench-governance bench-pages bench-policy big-upload fuzz experiment gpu demo run test check lint lint-python lint-django lint-frontend format schema lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) $(MODULES) ## the environment: Python's packages, the servers, Node and its packages
	@$(MAKE) --no-print-directory $(NATIVE) || echo "Without the native library flexcore runs on plain PyTorch, slower."

frontend: $(PAGES) ## build the pages

native: $(INSTALLED) ## build flexcore's native library, GPU part included where there is a GPU and nvcc; CUDA=yes|no
	$(PY) flexcore/csrc/build.py --cuda $(CUDA)

clients: $(CLIENTS) ## older generations of huggingface_hub and transformers, for the tests; 140 MB

demo: setup frontend ## the whole story on a running site; ARGS=--once ends with its status
	GUILDHALL_DESTRUCTION_GRACE_HOURS=0 $(PY) -m registry.embedded run $(ARGS) -- $(PY) -m experiments.demo $(DEMO_ARGS)

run: setup frontend ## the site with what it holds, without the story
	$(PY) -m registry.embedded run $(ARGS)

# Two runs beside each other, each with servers of its own, that take about as long; with ARGS all is one run.
BESIDE := tests/browser tests/flexcore tests/flows tests/witness
test: lint frontend $(NATIVE) $(CLIENTS) ## everything that can fail: every check, every test
ifeq ($(ARGS),)
	@mkdir -p var
	@$(PY) -m pytest -m "not long" $(BESIDE) > var/test-beside.log 2>&1 & beside=$$!; trap 'kill $$beside' INT TERM; \
	$(PY) -m pytest -m "not long" $(BESIDE:%=--ignore=%); others=$$?; \
	wait $$beside; beside=$$?; cat var/test-beside.log; exit $$((others + beside))
else
	$(PY) -m pytest -m "not long" $(ARGS)
endif

check: lint $(NATIVE) ## every check, and the tests that need no browser and no running site
	$(PY) -m pytest -m "not long" --ignore=tests/browser --ignore=tests/flows $(ARGS)

lint: lint-python lint-django lint-frontend ## every check that runs no test of Python

lint-python: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(NOWHERE) $(BIN)/mypy

lint-django: $(INSTALLED)
	$(MANAGE) check
	@mkdir -p var
	GUILDHALL_SECRET_KEY=only-for-checks $(PY) -m registry.embedded servers --fast --folder var/lint -- \
		$(PY) manage.py makemigrations --check --dry-run
	$(MANAGE) spectacular --fail-on-warn --validate --file var/openapi.yaml
	@diff -u docs/openapi.yaml var/openapi.yaml || { echo "docs/openapi.yaml is not what the code says; run make schema."; false; }

lint-frontend: $(MODULES)
	$(NPM) run typecheck
	$(NPM) run lint
	$(NPM) run types:check
	$(NPM) run test

chaos: $(INSTALLED) $(NATIVE) ## five hundred runs in which anything happens in any order: half an hour and more
	$(PY) -m pytest -m long tests/chaos $(ARGS)

bench: $(INSTALLED) $(NATIVE) ## measure against transformers on a quiet machine: minutes; THREADS=2 for two
	$(PY) -m benchmarks.moe_cpu --threads $(THREADS)
	$(PY) -m benchmarks.decode_cpu --threads $(THREADS)

GOVERNED := GUILDHALL_LOGIN_RATE=1000/min GUILDHALL_BUILDS_AT_ONCE=10000 GUILDHALL_VALIDATION_MAX_REGRESSION=100 GUILDHALL_PROBE_MAX_REGRESSION=100 $(PY) -m registry.embedded run --once --folder

bench-compose: $(INSTALLED) $(NATIVE) ## measure composition in three sizes, and the hub, on sites of their own, on a quiet machine: ten minutes, 30 GB
	for size in 0.3 1.2 5; do \
		rm -rf var/bench-compose; \
		$(GOVERNED) var/bench-compose -- $(PY) -m benchmarks.compose --size $$size --folder var || exit 1; \
	done
	rm -rf var/bench-compose
	$(GOVERNED) var/bench-compose -- $(PY) -m benchmarks.hub
	rm -rf var/bench-compose

bench-intake: $(INSTALLED) $(NATIVE) ## measure uploads and their verification in three sizes, on sites of their own, on a quiet machine: ten minutes, 40 GB
	for size in 0.1 1 5; do \
		rm -rf var/bench-intake; \
		$(GOVERNED) var/bench-intake -- $(PY) -m benchmarks.intake --size $$size --folder var || exit 1; \
	done
	rm -rf var/bench-intake

bench-governance: $(INSTALLED) $(NATIVE) ## measure withdrawal and the log on sites of their own, on a quiet machine: an hour
	rm -rf var/bench-withdrawal var/bench-audit
	$(GOVERNED) var/bench-withdrawal -- $(PY) -m benchmarks.withdrawal
	rm -rf var/bench-withdrawal
	$(GOVERNED) var/bench-audit -- $(PY) -m benchmarks.audit
	rm -rf var/bench-audit

bench-pages: setup frontend ## weigh the pages and measure them over a slow line, with 10,000 experts and a million log entries: ten minutes
	$(NPM) install --prefix $(abspath var/lighthouse) --loglevel=error lighthouse@13.5.0
	rm -rf var/bench-pages
	$(GOVERNED) var/bench-pages -- env PATH="$(BIN):$$PATH" $(PY) -m benchmarks.pages $(ARGS) \
		--lighthouse var/lighthouse/node_modules/lighthouse/cli/index.js
	rm -rf var/bench-pages

bench-policy: $(INSTALLED) ## measure the policies beside OPA's language, on a quiet machine: two minutes
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet regopy==1.5.2
	rm -rf var/bench-policy
	OMP_NUM_THREADS=1 GUILDHALL_SECRET_KEY=only-for-measuring $(PY) -m registry.embedded servers --fast --folder var/bench-policy -- \
		$(PY) -m benchmarks.policy
	rm -rf var/bench-policy

big-upload: setup frontend ## send 2 GB from a real browser while everything breaks once: ten minutes, 15 GB
	GUILDHALL_UPLOAD_PART_BYTES=16777216 $(PY) -m pytest -m long tests/browser/test_big_upload.py $(ARGS)

fuzz: $(INSTALLED) ## look for bytes that break what reads a stranger's files, for an hour; SECONDS=60 for less
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet atheris==3.0.0
	$(NOWHERE) $(PY) -m tests.fuzz --seconds $(or $(SECONDS),3600)

experiment: $(INSTALLED) $(NATIVE) ## the paper's tables at desk size: hours; ARGS=--small for a smaller anchor and shorter runs, ARGS="--seeds 0 1 2" for three seeds
	$(PY) -m experiments.paper $(ARGS)

gpu: ## check and measure on a machine with a GPU, with the Python on the path: nine minutes; OUT= keeps the numbers
	benchmarks/gpu.sh

format: $(INSTALLED) ## put Python into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: setup ## write docs/openapi.yaml and the front end's types from the code
	$(MANAGE) spectacular --fail-on-warn --validate --file docs/openapi.yaml
	$(NPM) run types

lock: $(INSTALLED) ## write requirements.lock from requirements.in, for every Python and platform at once
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-find-links \
		requirements.in | $(PORTABLE) > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean: ## remove what was built; what the site stored under var/ stays
	rm -rf $(NATIVE) $(VENV) frontend/node_modules frontend/dist tests/browser/node_modules var/chromium var/clients

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Guildhall needs Python 3.11 or newer; set PYTHON= to one.")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV)
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet $(TORCH) -r requirements.lock
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Without what they need: all of it is installed, torch too.
var/clients/%/.installed: tests/clients/%.txt | $(INSTALLED)
	rm -rf $(@D)
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --no-deps --target $(@D) -r $<
	@touch $@

$(NATIVE): $(NATIVE_SOURCES) | $(INSTALLED)
	$(PY) flexcore/csrc/build.py --cuda $(CUDA)

$(MODULES): frontend/package.json frontend/package-lock.json | $(INSTALLED)
	$(NPM) ci --loglevel=error
	@touch $@

$(PAGES): $(PAGE_SOURCES) $(MODULES)
	$(NPM) run build
	@touch $@
