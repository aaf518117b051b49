##@ Drift

.PHONY: parity
parity: ## Compare the drift statistics with SciPy, Evidently, NannyML and River.
	@python=$$(test/parity/peers.sh $(CACHE)) && go run ./test/parity -python "$$python"
