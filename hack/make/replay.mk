.PHONY: test-replay
test-replay: lab ## Disturb every call of every life of a job in every way; make test does the most telling part.
	KUBEBUILDER_ASSETS=$(ENVTEST_ASSETS) go test $(TEST_FLAGS) -count=1 ./test/controllers -thorough
