# On a fresh machine with Python 3.11 or newer, make and git: `make demo` and `make test` do everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MEASURED = $(if $(KEYAGE_COVERAGE),-m coverage run)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test golden lint types floors wheel check-wheel hooks coverage coverage-report mutants lock schemas bench docs release clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## a virtual environment with everything, from hashed requirements

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "keyage needs Python 3.11 or newer; name one with make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## the whole tour, against an AWS inside the process
	$(BIN)/keyage demo

test: $(READY) ## all tests, or those that TESTS names: make test TESTS="-m sources"
	$(BIN)/python $(MEASURED) -m pytest -q -n auto $(TESTS)

coverage: $(READY) ## lines and branches that all tests reach, or those that TESTS names; the floor is for all
	rm -rf build/coverage
	$(MAKE) test KEYAGE_COVERAGE=1
	$(MAKE) coverage-report

coverage-report: $(READY) ## what the tests that ran with KEYAGE_COVERAGE=1 reached; fails below the floor
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage html --quiet --fail-under=0 --directory build/coverage/html
	$(BIN)/coverage report

mutants: $(READY) ## does a test notice each small change of the decision, or of MODULE? many minutes; see .ci/mutants.toml
	$(PYTHON) -m venv .mutants-venv
	.mutants-venv/bin/python -m pip install --quiet --require-hashes --requirement requirements/mutants.txt
	nice .mutants-venv/bin/python .ci/mutants.py $(or $(MODULE),rules/selectors.py)
	$(if $(MODULE),,nice .mutants-venv/bin/python .ci/mutants.py rules/access_keys_rotated.py)
	$(if $(MODULE),,nice .mutants-venv/bin/python .ci/mutants.py rules/resolved_policy.py)

golden: $(READY) ## write the golden files anew, then show what changed
	-$(BIN)/python -m pytest -q -m golden --force-regen
	$(BIN)/python -m pytest -q -m golden
	git diff --stat -- tests/golden docs

lint: $(READY) ## style and common mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

floors: $(READY) ## a module imports only from lower floors
	$(BIN)/lint-imports

hooks: $(READY) ## lint, types, floors and our own policy before every commit
	$(BIN)/pre-commit install

wheel: $(READY) ## build the wheel and the source distribution into dist/
	rm -rf dist build
	$(BIN)/python -m build --no-isolation --outdir dist

check-wheel: wheel ## the tests against the built wheel, in an environment of its own
	rm -rf .wheel-venv
	$(PYTHON) -m venv .wheel-venv
	.wheel-venv/bin/python -m pip install --quiet --no-compile --require-hashes --requirement requirements/dev.txt
	.wheel-venv/bin/python -m pip install --quiet --no-deps dist/*.whl
	.ci/test-wheel .wheel-venv/bin/python

lock: $(READY) ## resolve the requirements anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --all-extras --group dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --extra lint --group build --constraint requirements/dev.txt \
	  pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --constraint requirements/dev.txt \
	  --group pyproject.toml:mutants -o requirements/mutants.txt

schemas: $(READY) ## the JSON Schemas in schema/, for editors
	$(BIN)/keyage schema policy > schema/policies.schema.json
	$(BIN)/keyage schema inventory > schema/accounts.schema.json
	$(BIN)/keyage schema tests > schema/policies.test.schema.json

bench: $(READY) ## the benchmarks of benchmarks/README.md
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/live.py
	$(BIN)/python benchmarks/live.py --state
	$(BIN)/python benchmarks/live.py --tags
	$(BIN)/python benchmarks/organization.py
	$(BIN)/python benchmarks/throttled.py
	$(BIN)/python benchmarks/chaos.py
	$(BIN)/python benchmarks/offline.py
	$(BIN)/python benchmarks/formats.py
	$(BIN)/python benchmarks/config_rule.py
	$(BIN)/python benchmarks/render_scale.py

docs: $(READY) ## the documentation as pages, with strict links, into build/docs
	$(BIN)/sphinx-build -n -W --keep-going -q -b html docs build/docs

release: ## version, changelog and tag, here alone: make release VERSION=1.2.3
	@$(PYTHON) .ci/release.py "$(VERSION)"

clean: ## remove what was made
	rm -rf $(VENV) .wheel-venv .mutants-venv build dist *.egg-info keyage-demo* .mypy_cache .pytest_cache .ruff_cache .hypothesis
