##@ Examples

EXAMPLE_PYTHON ?= /usr/bin/python3

.PHONY: test-examples
test-examples: ## Check what examples/pytorch-ddp promises (a minute or two; needs Debian's python3-torch).
	@$(EXAMPLE_PYTHON) -c 'import torch' 2>/dev/null || { \
		echo "$(EXAMPLE_PYTHON) has no torch: apt-get install -y --no-install-recommends python3-torch, or set EXAMPLE_PYTHON" >&2; exit 1; }
	cd examples/pytorch-ddp && $(EXAMPLE_PYTHON) -m unittest -v
