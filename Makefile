# Trainyard's Makefile. `make` alone prints what there is.

SHELL := /usr/bin/env bash -o pipefail
.SHELLFLAGS := -ec
.DEFAULT_GOAL := help

CACHE   ?= $(or $(TRAINYARD_CACHE),$(HOME)/.cache/trainyard)
BIN     := $(CURDIR)/bin
TOOLS   := $(CURDIR)/hack/tools
TOOL     = go tool -modfile=$(TOOLS)/go.mod

.PHONY: help
help: ## Print this list.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9%-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2} /^##@ / {printf "\n%s\n", substr($$0, 5)}' $(MAKEFILE_LIST)

##@ Build

# gRPC's request traces are never asked for: without them, and the templates that
# show them, a program is a quarter smaller.
GO_BUILD := go build -trimpath -tags grpcnotrace

.PHONY: build
build: agent ## Build every program into bin/.
	CGO_ENABLED=0 $(GO_BUILD) -ldflags "-s -w" -o $(BIN)/ $$(go list ./cmd/... | grep -v /cmd/agent$$)

##@ Check

.PHONY: lint
lint: ## Run the linter over the whole tree.
	$(TOOL) golangci-lint-kube-api-linter run --allow-parallel-runners ./...

.PHONY: verify
verify: generate manifests lint lab-lint ## Generate, lint, check the admission policies; fail if the tree changes.
	@git diff --exit-code -- . || { echo "verify: generated files differ from what is committed: run make generate manifests and commit"; exit 1; }
	@test -z "$$(git status --porcelain --untracked-files=normal)" || { git status --short; echo "verify: the tree is not clean"; exit 1; }

.PHONY: test-packages
test-packages: ## Install the Debian packages of servers and the browser that tests start; without them those tests skip (root).
	apt-get update -q
	apt-get install -y --no-install-recommends postgresql prometheus chromium $$(command -v npm >/dev/null || echo nodejs npm)

TEST_FLAGS ?= -race -timeout 30m
# The decisions and the statistics: counting their statements under the race
# detector takes them five times as long, so each is done by itself. What is
# left mostly waits for servers, so that more of it than cores may run; what
# waits longest begins first.
PURE := ./api/... ./pkg/...

.PHONY: test
test: lab ## Run the tests: units, the API and the controllers against a real API server (built on first use).
	go test $(TEST_FLAGS) $(PURE)
	go test -covermode=atomic -coverprofile=coverage.pure.out $(PURE)
	KUBEBUILDER_ASSETS=$(ENVTEST_ASSETS) go test $(TEST_FLAGS) -p 4 -coverprofile=coverage.out ./test/... $$(go list ./... | grep -vE '/trainyard/(api|pkg)/')
	@tail -n +2 coverage.pure.out >> coverage.out; rm coverage.pure.out
	@go tool cover -func=coverage.out | tail -1
	$(MAKE) lab-unit

.PHONY: bench
bench: bench-placement bench-launcher ## Run the benchmarks that need no cluster.

include $(sort $(wildcard hack/make/*.mk))
