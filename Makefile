# People, hooks and CI run the same verbs. `make` alone lists them.

PYTHON ?= python3
HYPOTHESIS ?= dev
NODE ?= stand-in
PROCESSES ?= 2
VENV := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test unit e2e check fix generate requirements dev images release matrix sizes

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## environment, and everything the tests need
	@$(PYTHON) -m tools.environment
	@touch $(READY)
	@$(VENV)/python -m tools.control_plane.binaries --available
	@$(VENV)/python -m tools.real_node.machine
	@$(VENV)/python -m tools.test_servers --available

$(READY): pyproject.toml constraints.txt tools/environment.py
	@$(MAKE) --no-print-directory setup

demo: $(READY) ## the main job on this machine: manifests in, selection and report out
	@$(VENV)/python -m tools.demo

test: $(READY) ## everything that can run here, with a real control plane: what CI runs
	@$(VENV)/pytest --numprocesses=$(PROCESSES) --dist=loadscope --no-loadscope-reorder \
		--hypothesis-profile=$(HYPOTHESIS)

unit: $(READY) ## tests without other processes; seconds
	@$(VENV)/pytest -m "not cluster and not server" -q

e2e: $(READY) ## tests with real containers; KUBECONFIG=… runs them against that cluster
	@$(VENV)/pytest tests/e2e --cluster=$(KUBECONFIG)

check: $(READY) ## format, lint, types, layers, generated files
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy api storage client operator job_image tools tests benchmarks
	@$(VENV)/lint-imports
	@$(VENV)/python -m tools.generate --check

fix: $(READY) ## format, apply safe lint fixes, regenerate
	@$(VENV)/ruff check --fix-only .
	@$(VENV)/ruff format .
	@$(VENV)/python -m tools.generate

generate: $(READY) ## CRDs and reference pages from the models
	@$(VENV)/python -m tools.generate

requirements: $(READY) ## which numbered requirements have a test
	@$(VENV)/python -m tools.requirements

dev: $(READY) ## a local cluster with the operator, to play with; NODE=real runs real containers
	@$(VENV)/python -m tools.dev --node=$(NODE)

images: $(READY) ## container images, with their sizes and SBOMs; ARGUMENTS go to the build
	@$(VENV)/python -m tools.images $(ARGUMENTS)

release: $(READY) ## the images as they are shipped, built, and the chart installed with them
	@$(VENV)/python -m tools.release $(ARGUMENTS)

matrix: $(READY) ## what depends on the API server, on the oldest and the newest Kubernetes
	@$(VENV)/python -m tools.matrix $(VERSIONS)

sizes: $(READY) ## the largest files and functions, to look at
	@$(VENV)/python -m tools.sizes
