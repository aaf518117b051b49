##@ Generate

.PHONY: generate
generate: ## Generate deep copies for the types.
	$(TOOL) controller-gen object paths=./api/...

.PHONY: manifests
manifests: ## Generate CRDs and RBAC from the code.
	$(TOOL) controller-gen crd:generateEmbeddedObjectMeta=true paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(TOOL) controller-gen rbac:roleName=trainyard-manager paths=./controllers/... output:rbac:artifacts:config=config/rbac
