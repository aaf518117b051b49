##@ Demo

.PHONY: demo
demo: lab ## Show the main job: a real training on a real cluster that loses a node (root; 15-25 minutes cold, 3 warm).
	go build -o $(BIN)/demo ./hack/demo
	$(BIN)/demo $(LAB_FLAGS)

.PHONY: demo-down
demo-down: lab-down ## Remove everything that the demo brought up.
