##@ Policies

.PHONY: verify-policies
verify-policies: lab ## Check the types in the admission policies against a real API server.
	KUBEBUILDER_ASSETS=$(ENVTEST_ASSETS) go test ./test/api -run 'TypeCheck'

verify: verify-policies
