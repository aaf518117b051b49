##@ Lab

LAB := $(BIN)/lab

.PHONY: lab
lab: ## Build the lab, a real cluster on one machine, into bin/lab.
	CGO_ENABLED=0 go build -C hack/lab -trimpath -ldflags "-s -w" -o $(LAB) .

.PHONY: lab-packages
lab-packages: ## Install the Debian packages that real nodes and images need (root).
	apt-get update -q
	apt-get install -y --no-install-recommends containerd runc containernetworking-plugins iproute2 nftables util-linux mmdebstrap ca-certificates

.PHONY: lab-binaries
lab-binaries: lab ## Build the cluster's programs into the cache (10-20 minutes cold).
	$(LAB) build

# The API server and etcd for envtest, from the same cache as the lab's:
# a recipe says KUBEBUILDER_ASSETS=$(ENVTEST_ASSETS) before `go test`.
ENVTEST_ASSETS = "$$($(LAB) build --only etcd,kube-apiserver,kubectl)"

.PHONY: envtest-assets
envtest-assets: lab ## Build what the API tests need and print its folder.
	@echo $(ENVTEST_ASSETS)

LAB_FLAGS ?= --nodes 3 --simulated-nodes 4 --gpus 8

.PHONY: lab-up
lab-up: lab ## Bring up the lab: 3 real nodes and 4 simulated ones (LAB_FLAGS=…).
	$(LAB) up $(LAB_FLAGS)

.PHONY: lab-down
lab-down: lab ## Take the lab away, whatever state it is in.
	$(LAB) down

.PHONY: lab-unit
lab-unit: ## Test those parts of the lab that need no cluster.
	go test -C hack/lab ./...

.PHONY: lab-test
lab-test: lab-binaries ## Test the lab on this machine: crashes, faults, networks (root).
	go test -C hack/lab -tags e2e -count=1 -timeout 30m ./test/...

.PHONY: lab-lint
lab-lint: ## Run the linter over the lab.
	cd hack/lab && $(TOOL) golangci-lint-kube-api-linter run --allow-parallel-runners -c $(CURDIR)/.golangci.yml ./...
