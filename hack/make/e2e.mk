##@ End to end

E2E = LAB_FLAGS="$(LAB_FLAGS)" go test -count=1 -v -timeout 40m -parallel 8 -tags e2e ./test/e2e

.PHONY: e2e
e2e: lab ## Run whole stories on a real cluster: real kubelets, real containers (root; 6 minutes warm; LAB_FLAGS=…).
	$(E2E)

.PHONY: e2e-long
e2e-long: lab ## The same, and JAX and TensorFlow from PyPI train on the lab (a download of 600 MB on first use).
	libraries=$$(test/e2e/libraries/image.sh $(CACHE)) && $(E2E) -args -libraries $$libraries

.PHONY: e2e-peers
e2e-peers: lab ## What a lost node does to the same training under Trainyard, a Job and a JobSet: a table (root; 15 minutes).
	LAB_FLAGS="$(LAB_FLAGS)" go run ./test/peers
