#!/usr/bin/env bash
# Checks the profiler's HTML page in a real browser.
#
# usage: run.sh CACHE
#
# Needs Debian's chromium and Node with npm; what is under package-lock.json is
# installed under CACHE, outside the tree, once a version of that file. Where
# something is missing it says what was not run and passes, unless TRAINYARD_REQUIRE_SERVERS
# is set.
set -euo pipefail
cd "$(dirname "$0")"

skip() {
	echo "page: not run: $1; to run it: make test-packages test-page" >&2
	[[ -z ${TRAINYARD_REQUIRE_SERVERS:-} ]]
	exit
}

browser=${CHROMIUM:-$(command -v chromium || true)}
[[ -n $browser ]] || skip "there is no chromium"
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no node with npm"

modules=$1/page-$(sha256sum package-lock.json | cut -c1-12)
if [[ ! -f $modules/complete ]]; then
	mkdir -p "$modules"
	cp package.json package-lock.json "$modules"
	npm --prefix "$modules" ci --silent --no-audit --no-fund || skip "the package index is not reached"
	touch "$modules/complete"
fi

pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
PAGES=$pages go test -count=1 -run '^TestSamples$' ../../internal/reportpage
MODULES=$modules PAGES=$pages CHROMIUM=$browser node --test --test-reporter=spec page.test.mjs
