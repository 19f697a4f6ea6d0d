#!/bin/sh
# Installs the public tools that the long tests read the contract with, beside this file and in build/:
# Redocly, Spectral and Prism (npm), two generators of code (pip). Versions and hashes are pinned in
# packaging/contract-tools/. Without npm the tests that need them skip, with the reason.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

if ! command -v npm >/dev/null 2>&1; then
    echo "no npm here: tests that need redocly, spectral and prism will skip"
else
    npm ci --prefix "$here/contract-tools" --ignore-scripts --no-audit --no-fund
fi
"$python" -m venv "$here/../build/contract-tools"
"$here/../build/contract-tools/bin/python" -m pip --quiet --disable-pip-version-check install --require-hashes \
    -r "$here/contract-tools/requirements.txt"
