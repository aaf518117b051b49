##@ Page

.PHONY: test-page
test-page: ## Open the profiler's page in a real browser: axe-core, keyboard, no request (TRAINYARD_REQUIRE_SERVERS=1 fails where it cannot).
	@test/page/run.sh $(CACHE)

test: test-page
