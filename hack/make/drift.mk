##@ Drift

.PHONY: parity
parity: ## Compare the drift statistics with SciPy, Evidently, NannyML and River.
	@python=$$(test/parity/peers.sh $(CACHE)) && go run ./test/parity -python "$$python"

.PHONY: bench-drift
bench-drift: ## Time the drift statistics and the profiler beside NumPy, SciPy and Evidently; count false alarms.
	@python=$$(test/parity/peers.sh $(CACHE)) && go run ./test/bench/drift -python "$$python"
