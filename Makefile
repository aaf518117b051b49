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

.PHONY: build
build: agent ## Build every program into bin/.
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/ $$(go list ./cmd/... | grep -v /cmd/agent$$)

##@ Check

.PHONY: lint
lint: ## Run the linter over the whole tree.
	$(TOOL) golangci-lint-kube-api-linter run ./...

include $(sort $(wildcard hack/make/*.mk))
