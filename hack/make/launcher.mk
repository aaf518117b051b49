##@ Launcher

LAUNCHER := $(BIN)/launcher

.PHONY: launcher
launcher: ## Build the launcher, process 1 of training containers, into bin/launcher.
	CGO_ENABLED=0 $(GO_BUILD) -ldflags "-s -w" -o $(LAUNCHER) ./cmd/launcher

.PHONY: test-mpi
test-mpi: ## Run an MPI job with real ssh in three network namespaces (root; openssh-server, openmpi-bin).
	go test -count=1 -tags e2e ./test/launcher

.PHONY: bench-launcher
bench-launcher: launcher ## Measure what the launcher costs: output, start, a new attempt, memory.
	@go run ./test/launcher/bench $(LAUNCHER)
