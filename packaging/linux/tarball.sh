#!/bin/sh
# The tarball for Linux without our package: tarball.sh DIST VERSION
set -eu

DIST=$1
VERSION=$2
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
NAME=printwarden-$VERSION-linux-$(uname -m)
TREE=$(mktemp -d)
trap 'rm -rf "$TREE"' EXIT

mkdir "$TREE/$NAME"
cp -r "$DIST/printwarden" "$TREE/$NAME/printwarden"
cp "$HERE/install.sh" "$DIST/LICENCES.txt" "$DIST/printwarden.1" "$ROOT/LICENSE" "$ROOT/config.example.toml" \
    "$ROOT/requirements.txt" "$TREE/$NAME/"
# For systems that cannot run the frozen program: the same code as a wheel, for `install.sh --venv`.
# Built from a copy, so that nothing is left in the source tree.
mkdir "$TREE/source"
cp -r "$ROOT/agent" "$ROOT/uplink" "$ROOT/pyproject.toml" "$ROOT/README.md" "$ROOT/LICENSE" "$TREE/source/"
find "$TREE/source" -name __pycache__ -prune -exec rm -rf {} +
"$ROOT/.venv/bin/python" -m pip --quiet --disable-pip-version-check wheel --no-deps --no-build-isolation \
    --no-index --wheel-dir "$TREE/$NAME" "$TREE/source"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(date +%s)}" \
    -C "$TREE" -c "$NAME" | gzip -9n > "$DIST/$NAME.tar.gz"
