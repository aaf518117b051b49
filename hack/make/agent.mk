##@ Agent

# go-nvml binds the driver's library at run time: a symbol that a driver lacks
# must not stop the program from loading. Its header marks old calls as
# deprecated, which would fill the screen.
export CGO_CFLAGS += -Wno-deprecated-declarations
AGENT_LDFLAGS = -s -w -extldflags=-Wl,-z,lazy

.PHONY: agent
agent: ## Build the node agent, the one program that needs cgo, into bin/.
	CGO_ENABLED=1 $(GO_BUILD) -ldflags "$(AGENT_LDFLAGS)" -o $(BIN)/agent ./cmd/agent

.PHONY: docs-faults
docs-faults: ## Generate the fault table of the documentation from the rules.
	go run ./hack/faults > docs/reference/faults.md

.PHONY: bench-agent
bench-agent: agent ## Measure the node agent on the fake driver library (about 4 minutes).
	@go run ./hack/benchagent -agent $(BIN)/agent

.PHONY: gpu-check
gpu-check: agent ## Check the agent on this machine's NVIDIA GPU and record what its driver answers; without one say so.
	@go run ./hack/gpucheck -agent $(BIN)/agent

.PHONY: sim-year
sim-year: ## Let 400 servers live a year on a fake clock; count what agents miss and cry (about 4 minutes of two cores).
	@go run ./test/simyear $(SIM_FLAGS)
