##@ Benchmarks on a cluster

# Each brings up a lab of its own beside any other and takes it away again:
# TRAINYARD_LAB_NAME and TRAINYARD_LAB_SUBNET name it. BENCH_FLAGS are the
# program's; -help lists them.

MANAGER := $(BIN)/manager

.PHONY: bench-manager
bench-manager: lab
	CGO_ENABLED=0 $(GO_BUILD) -ldflags "-s -w" -o $(MANAGER) ./cmd/manager

.PHONY: bench-gang
bench-gang: bench-manager ## Time gangs of 8, 64 and 512 pods beside Indexed Jobs of the same pods (about 15 minutes).
	@go run ./test/bench/gang -manager $(MANAGER) $(BENCH_FLAGS)

.PHONY: bench-memory
bench-memory: bench-manager ## Measure the memory of the manager with 500 running gangs, 2000 finished ones, 500 nodes (root; about 25 minutes).
	@go run ./test/bench/memory -manager $(MANAGER) $(BENCH_FLAGS)

.PHONY: bench-recovery
bench-recovery: lab ## Time recoveries on real nodes beside a Job with torchrun: nodes killed, silenced, cut; a process killed (root; an hour).
	@go run ./test/bench/recovery $(BENCH_FLAGS)
