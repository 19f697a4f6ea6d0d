#!/bin/sh
# Installs the .deb on a Debian of its own, booted with a real systemd, and tries what customers will live
# through: `make test-install`. Needs root, debootstrap and systemd-nspawn (Debian: debootstrap,
# systemd-container), which it installs where apt is; where they cannot be had it says so and is skipped.
#
#   packaging/linux/test-install.sh [DEB]      the default is the one in dist/
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
PLACE=${PRINTWARDEN_INSTALL_TEST:-$ROOT/build/install-test}
INSIDE=systemd,systemd-sysv,dbus,procps,man-db,sqlite3,tzdata,ca-certificates

skip() {
    printf '\n%s\n*** test-install SKIPPED: %s\n%s\n\n' "$STARS" "$*" "$STARS" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}
STARS='****************************************************************************'

[ "$(uname -s)" = Linux ] || skip "needs Linux"
[ "$(id -u)" -eq 0 ] || skip "needs root: sudo make test-install"
for tool in debootstrap systemd-nspawn dpkg-deb; do
    command -v $tool > /dev/null && continue
    command -v apt-get > /dev/null || skip "needs debootstrap and systemd-nspawn, and there is no apt-get to install them"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap systemd-container \
        > /dev/null || skip "apt-get could not install debootstrap and systemd-container"
done

DEB=${1:-$(find "$ROOT/dist" -maxdepth 1 -name 'printwarden_*.deb' | head -n 1)}
[ -f "$DEB" ] || skip "there is no dist/printwarden_*.deb: make package first"

if [ ! -e "$PLACE/base/.complete" ]; then
    echo "making a Debian to install on (once)"
    rm -rf "$PLACE/base"
    mkdir -p "$PLACE"
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2> /dev/null | sed -n 's/ bookworm$//p' | head -n 1)
    # shellcheck disable=SC2086 # no mirror, no word: then it is debootstrap's own
    nice -n 10 debootstrap --variant=minbase --include=$INSIDE bookworm "$PLACE/base" $mirror \
        > "$PLACE/debootstrap.log" 2>&1 || skip "debootstrap failed; its log is $PLACE/debootstrap.log"
    touch "$PLACE/base/.complete"
fi

# The same program as a newer version, to upgrade to
work=$PLACE/work
rm -rf "$work" && mkdir -p "$work"
dpkg-deb -R "$DEB" "$work/newer"
sed -i 's/^Version: .*/&+upgraded/' "$work/newer/DEBIAN/control"
echo '# a newer default' >> "$work/newer/etc/default/printwarden"

# The packages that a venv needs, for a machine without a network
TARBALL=$(find "$(dirname "$DEB")" -maxdepth 1 -name 'printwarden-*-linux-*.tar.gz' | head -n 1)
if [ -n "$TARBALL" ] && [ ! -e "$PLACE/python/.complete" ]; then
    echo "making one with Python (once)"
    rm -rf "$PLACE/python"
    cp -a "$PLACE/base" "$PLACE/python"
    rm "$PLACE/python/.complete"
    cp -L /etc/resolv.conf /etc/hosts "$PLACE/python/etc/"
    nice -n 10 chroot "$PLACE/python" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv' \
        > "$PLACE/python.log" 2>&1 || skip "Python could not be installed; the log is $PLACE/python.log"
    touch "$PLACE/python/.complete"
fi

prepare() { # prepare BASE SCRIPT: a machine that runs SCRIPT once it is up, and ends
    rm -rf "$PLACE/rootfs"
    cp -a "$PLACE/$1" "$PLACE/rootfs"
    mkdir "$PLACE/rootfs/trial"
    install -m 0755 "$HERE/$2" "$HERE/test-kit.sh" "$PLACE/rootfs/trial/"
    cat > "$PLACE/rootfs/etc/systemd/system/test-install.service" <<EOF
[Unit]
Description=The installation test
After=basic.target dbus.service

[Service]
Type=oneshot
WorkingDirectory=/trial
ExecStart=/bin/sh -c '/trial/$2 > /trial/result.txt 2> /trial/trace.txt; echo \$? > /trial/rc; systemctl exit \$(cat /trial/rc)'

[Install]
WantedBy=default.target
EOF
    ln -s ../test-install.service "$PLACE/rootfs/etc/systemd/system/multi-user.target.wants/test-install.service"
}

boot() { # run it; ends with an error if what was seen is not what should be
    echo "booting it"
    timeout 600 systemd-nspawn --quiet -D "$PLACE/rootfs" -b --register=no --keep-unit --private-network \
        --console=pipe --machine="printwarden-$$" > "$PLACE/console.log" 2>&1 < /dev/null || true
    [ -e "$PLACE/rootfs/trial/result.txt" ] || { tail -n 30 "$PLACE/console.log"; skip "a systemd could not be booted in a container here"; }
    cat "$PLACE/rootfs/trial/result.txt"
    if [ "$(cat "$PLACE/rootfs/trial/rc" 2> /dev/null)" != 0 ]; then
        tail -n 40 "$PLACE/rootfs/trial/trace.txt"
        echo "test-install FAILED; the machine is $PLACE/rootfs, its console $PLACE/console.log" >&2
        exit 1
    fi
    cat "$PLACE/rootfs/trial/result.txt" >> "$work/result.txt"
}

prepare base test-inside.sh
dpkg-deb --root-owner-group -Znone --build "$work/newer" "$PLACE/rootfs/trial/newer.deb" > /dev/null
cp "$DEB" "$PLACE/rootfs/trial/printwarden.deb"
boot
if [ -n "$TARBALL" ]; then
    prepare python test-tarball.sh
    cp "$TARBALL" "$PLACE/rootfs/trial/printwarden.tar.gz"
    mkdir "$PLACE/rootfs/trial/wheels"
    "$ROOT/.venv/bin/python" -m pip -qq --disable-pip-version-check download --no-deps --only-binary=:all: \
        --python-version 3.11 --require-hashes -r "$ROOT/requirements.txt" --dest "$PLACE/rootfs/trial/wheels"
    boot
fi
python3 "$HERE/note_result.py" "$work/result.txt"
echo "test-install passed"
