#!/usr/bin/env bash
# Prints the path of a Python interpreter that has the peers' packages.
#
# usage: peers.sh CACHE
#
# The packages are installed, in the versions of requirements.txt, in a virtual
# environment under CACHE, outside the tree, once a version of that file. Where
# no package index is reached, the distribution's SciPy has to do: parity then
# skips the suites of the peers that are missing.
set -euo pipefail
cd "$(dirname "$0")"

cache=$1
environment=$cache/parity-$(sha256sum requirements.txt | cut -c1-12)
if [[ -x $environment/bin/python && -f $environment/complete ]]; then
	echo "$environment/bin/python"
	exit
fi

mkdir -p "$cache"
rm -rf "$environment"
echo "installing the peers' packages into $environment (a minute or two) …" >&2
if python3 -m venv "$environment" >&2 &&
	"$environment/bin/pip" --quiet --disable-pip-version-check install -r requirements.txt >&2; then
	touch "$environment/complete"
	echo "$environment/bin/python"
	exit
fi

echo "no package index: falling back to the distribution's SciPy" >&2
rm -rf "$environment"
if ! /usr/bin/python3 -c 'import scipy, sklearn, statsmodels' 2>/dev/null; then
	apt-get update -qq >&2
	apt-get install -qq -y python3-scipy python3-sklearn python3-statsmodels >&2
fi
echo /usr/bin/python3
