##@ Drift

.PHONY: parity
parity: ## Compare the drift statistics with SciPy, Evidently, NannyML and River.
	@python=$$(test/parity/peers.sh $(CACHE)) && go run ./test/parity -python "$$python"

.PHONY: bench-drift
bench-drift: ## Time a column's comparison beside NumPy, SciPy and Evidently.
	@python=$$(test/parity/peers.sh $(CACHE)) && go run ./test/bench/drift -python "$$python"
