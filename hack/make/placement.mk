.PHONY: bench-placement
bench-placement: ## Measure the planner: 5000 nodes, 1000 waiting gangs, and a production trace.
	@go test -run '^$$' -bench 'Decide|Preempt|OpenB' ./pkg/placement \
		| awk -f hack/figures.awk hack/make/placement.tsv - || true
