##@ Documents

.PHONY: api-reference
api-reference: ## Generate docs/reference/api.md from the types.
	$(TOOL) crd-ref-docs --log-level=ERROR --source-path=api --config=hack/docs/crd-ref-docs.yaml --renderer=markdown --output-path=docs/reference/api.md

generate: api-reference
