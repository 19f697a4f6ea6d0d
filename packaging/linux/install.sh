#!/bin/sh
# Printwarden on a Linux without our package: from the unpacked tarball, as root.
#
#   sh install.sh              put the program under /opt/printwarden and install the service
#   sh install.sh --venv       the same from the package index, with a Python 3.11 of the system (RHEL 9, Alpine)
#   sh install.sh --uninstall  remove program and service; configuration and state stay
#   sh install.sh --purge      remove these too
#   --root FOLDER              only lay the program below FOLDER and stop (for images)
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
PLACE=/opt/printwarden
NEEDED=2.35

say() { printf 'printwarden: %s\n' "$*"; }
fail() {
    say "$*" >&2
    exit 1
}

# The glibc of this system, "" where there is none (musl)
glibc() { getconf GNU_LIBC_VERSION 2> /dev/null | sed -n 's/^glibc //p'; }

# older A B: whether version A is older than B
older() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

check_glibc() {
    have=${PRINTWARDEN_GLIBC-$(glibc)}
    if [ -z "$have" ]; then
        fail "this system has no glibc, which the program needs; try 'sh install.sh --venv', or the container image"
    elif older "$have" "$NEEDED"; then
        fail "this system has glibc $have, the program needs $NEEDED (Debian 12, Ubuntu 22.04 or newer); try 'sh install.sh --venv', or the container image"
    fi
}

lay_program() {
    check_glibc
    [ -x "$HERE/printwarden/printwarden" ] || fail "run it from the unpacked tarball: there is no $HERE/printwarden"
    mkdir -p "$ROOT$PLACE"
    rm -rf "$ROOT$PLACE/program.new"
    cp -r "$HERE/printwarden" "$ROOT$PLACE/program.new"
    rm -rf "$ROOT$PLACE/program"
    mv "$ROOT$PLACE/program.new" "$ROOT$PLACE/program"
    PROGRAM=$PLACE/program/printwarden
}

lay_venv() {
    for python in python3.13 python3.12 python3.11 python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            [ -f "$HERE/requirements.txt" ] || fail "there is no $HERE/requirements.txt: run it from the unpacked tarball"
            "$python" -m venv "$ROOT$PLACE/venv"
            "$ROOT$PLACE/venv/bin/pip" install --quiet --require-hashes -r "$HERE/requirements.txt"
            "$ROOT$PLACE/venv/bin/pip" install --quiet --no-deps --no-index "$HERE"/printwarden-*.whl
            PROGRAM=$PLACE/venv/bin/printwarden
            return
        fi
    done
    fail "no Python 3.11 or newer here (RHEL 9: dnf install python3.11); or use the container image"
}

link() {
    mkdir -p "$ROOT/usr/local/bin"
    ln -sf "$PROGRAM" "$ROOT/usr/local/bin/printwarden"
    "$ROOT$PROGRAM" --version > /dev/null || fail "the program does not start here; '$ROOT$PROGRAM --version' shows why"
}

remove() {
    if [ -x /usr/local/bin/printwarden ]; then
        # shellcheck disable=SC2086 # no word where nothing is purged
        /usr/local/bin/printwarden service uninstall $1
    fi
    rm -rf "$PLACE" /usr/local/bin/printwarden
    say "removed"
}

LAY=lay_program ROOT=
while [ $# -gt 0 ]; do
    case "$1" in
    --venv) LAY=lay_venv ;;
    --root) ROOT=$2 && shift ;;
    --uninstall) LAY='remove ""' ;;
    --purge) LAY='remove --purge' ;;
    *) fail "unknown: $1; the first lines of install.sh say what it takes" ;;
    esac
    shift
done
[ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail "this needs root: try sudo sh install.sh"
eval "$LAY"
case "$LAY" in remove*) exit 0 ;; esac
link
[ -z "$ROOT" ] || { say "laid below $ROOT"; exit 0; }
printwarden service install
