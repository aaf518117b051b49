.PHONY: bench-placement
bench-placement: ## Measure the planner: 5000 nodes, 1000 waiting gangs, a production trace; about a minute.
	@go test -p 1 -run '^$$' -bench . ./pkg/placement ./internal/clusterstate \
		| awk -f hack/figures.awk hack/make/placement.tsv - || true
