#!/bin/sh
# Does the lock resolve for Windows? Fetches every locked wheel for win_amd64 and Python 3.11, hashes checked.
set -eu
cd "$(dirname "$0")/../.."
WHEELS=$(mktemp -d)
trap 'rm -rf "$WHEELS"' EXIT
# pip judges "sys_platform == 'win32'" by the system it runs on: keep what Windows takes, drop what it does not
.venv/bin/python - requirements.txt > "$WHEELS/windows.txt" <<'EOF'
import re
import sys
from pathlib import Path

from packaging.markers import Marker, default_environment

windows = {**default_environment(), "sys_platform": "win32", "platform_system": "Windows", "os_name": "nt",
           "platform_machine": "AMD64", "python_version": "3.11", "python_full_version": "3.11.9"}
for entry in re.split(r"(?m)^(?=[a-zA-Z])", Path(sys.argv[1]).read_text()):
    first, _, rest = entry.partition("\\\n")
    pin, _, marker = first.partition(";")
    if pin.strip() and (not marker.strip() or Marker(marker.strip()).evaluate(windows)):
        print(f"{pin.strip()} \\\n{rest}")
EOF
.venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
    --platform win_amd64 --python-version 3.11 --dest "$WHEELS" -r "$WHEELS/windows.txt"
echo "the lock resolves for win_amd64: $(find "$WHEELS" -name '*.whl' | wc -l) wheels, hashes checked"
