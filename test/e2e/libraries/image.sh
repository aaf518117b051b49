#!/usr/bin/env bash
# Prints the path of an image description with JAX and TensorFlow for the lab.
#
# usage: image.sh CACHE
#
# The packages of requirements.txt are put into a folder under CACHE, outside the
# tree, once a version of that file. They are those for the Python of Debian
# bookworm on x86-64, which the image has, whatever Python runs here.
set -euo pipefail
cd "$(dirname "$0")"

folder=$1/libraries-$(sha256sum requirements.txt | cut -c1-12)
if [[ ! -f $folder/complete ]]; then
	mkdir -p "$1"
	rm -rf "$folder"
	echo "installing JAX and TensorFlow into $folder (600 MB, some minutes) …" >&2
	platforms=()
	for glibc in 2_36 2_28 2_27 2_24 2_17; do
		platforms+=(--platform "manylinux_${glibc}_x86_64")
	done
	python3 -m pip --quiet --disable-pip-version-check --no-cache-dir install --root-user-action ignore --no-deps --no-compile \
		--only-binary :all: --python-version 3.11 --implementation cp "${platforms[@]}" --platform manylinux2014_x86_64 \
		--target "$folder/packages" -r requirements.txt >&2
	touch "$folder/complete"
fi
cat >"$folder/image.yaml" <<END
name: trainyard.dev/e2e/libraries:dev
debian:
  packages: [libpython3-stdlib, libstdc++6, python3-minimal]
files:
- {from: packages, to: /usr/lib/python3/dist-packages}
- {from: $PWD/jax_sum.py, to: /app/jax_sum.py}
- {from: $PWD/tensorflow_sum.py, to: /app/tensorflow_sum.py}
env: {OMP_NUM_THREADS: "1", TF_CPP_MIN_LOG_LEVEL: "2"}
entrypoint: [python3, /app/jax_sum.py]
END
echo "$folder/image.yaml"
