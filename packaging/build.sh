#!/bin/sh
# Everything that is shipped for the system this runs on, into dist/. `make package` calls it.
#
#   printwarden/                      the frozen program, proven to be the same as the source
#   printwarden_VERSION_ARCH.deb      where dpkg-deb is here
#   printwarden-VERSION-linux-ARCH.tar.gz, and the wheel in it for systems that cannot run the program
#   printwarden.cdx.json, LICENCES.txt, SHA256SUMS, and signatures where packaging/sign.sh finds keys
set -eu

cd "$(dirname "$0")/.."
PYTHON=$(pwd)/.venv/bin/python
DIST=dist
step() { printf '\n== %s\n' "$*"; }

# The same source and the same machine image give the same bytes, as far as PyInstaller goes
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || date +%s)}
# No columns in the code: the service would hold them in memory, and a frozen program has no source to point at
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0 PYTHONNODEBUGRANGES=1
VERSION=$("$PYTHON" -c 'from agent import __version__; print(__version__)')
rm -rf "$DIST" build/printwarden
mkdir -p "$DIST"

step "freeze $VERSION"
nice -n 10 "$PYTHON" -m PyInstaller --log-level ERROR --distpath "$DIST" --workpath build packaging/printwarden.spec
step "prove"
# shellcheck disable=SC2086 # words, or none: what this machine cannot prove
"$PYTHON" packaging/prove.py "$DIST/printwarden/printwarden" ${PRINTWARDEN_UNPROVEN:+--unproven $PRINTWARDEN_UNPROVEN}
step "list what is in it"
"$PYTHON" packaging/sbom.py "$DIST"
"$PYTHON" packaging/linux/manpage.py > "$DIST/printwarden.1"

if command -v dpkg-deb > /dev/null; then
    step "Debian package"
    sh packaging/linux/deb.sh "$DIST" "$VERSION"
else
    step "no dpkg-deb here: no Debian package"
fi
step "tarball"
sh packaging/linux/tarball.sh "$DIST" "$VERSION"
step "sums and signatures"
sh packaging/sign.sh "$DIST"
step "done"
ls -l "$DIST"
