##@ Page

.PHONY: page-packages
page-packages: ## Install the Debian packages that the page's test needs (root).
	apt-get install -y --no-install-recommends chromium $$(command -v npm >/dev/null || echo nodejs npm)

.PHONY: test-page
test-page: ## Open the profiler's page in a real browser: axe-core, keyboard, no request (TRAINYARD_REQUIRE_PAGE=1 fails where it cannot).
	@test/page/run.sh $(CACHE)

test: test-page
