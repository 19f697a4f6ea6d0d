#!/bin/sh
# The Debian package, from the frozen program: deb.sh DIST VERSION
# DIST/printwarden is what PyInstaller made; the package is written to DIST.
set -eu

DIST=$1
VERSION=$2
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
UNITS=$ROOT/agent/runtime/host
ARCH=$(dpkg --print-architecture)
TREE=$(mktemp -d)
trap 'rm -rf "$TREE"' EXIT
umask 022

install -d "$TREE/usr/lib" "$TREE/usr/bin" "$TREE/DEBIAN"
cp -r "$DIST/printwarden" "$TREE/usr/lib/printwarden"
ln -s ../lib/printwarden/printwarden "$TREE/usr/bin/printwarden"
install -D -m 0644 -t "$TREE/usr/lib/systemd/system" "$UNITS/printwarden.service" "$UNITS/printwarden-traps.socket"
install -D -m 0644 "$UNITS/printwarden.sysusers" "$TREE/usr/lib/sysusers.d/printwarden.conf"
install -D -m 0644 "$HERE/default" "$TREE/etc/default/printwarden"
install -D -m 0644 "$HERE/rules.d.README" "$TREE/etc/printwarden/rules.d/README"
install -D -m 0644 -t "$TREE/usr/share/doc/printwarden" "$HERE/copyright" "$ROOT/config.example.toml" "$DIST/LICENCES.txt"
sed "s/@VERSION@/$VERSION/; s/@DATE@/$(date -R -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")/" "$HERE/changelog" \
    | gzip -9n > "$TREE/usr/share/doc/printwarden/changelog.gz"
install -D -m 0644 "$DIST/printwarden.1" "$TREE/usr/share/man/man1/printwarden.1"
gzip -9n "$TREE/usr/share/man/man1/printwarden.1"

# Everything below /etc belongs to the administrator: dpkg asks before it replaces an edited one
(cd "$TREE" && find etc -type f | sed 's|^|/|' | sort) > "$TREE/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 0755 "$HERE/$script" "$TREE/DEBIAN/$script"; done
(cd "$TREE" && find usr -type f -print0 | sort -z | xargs -0 md5sum) > "$TREE/DEBIAN/md5sums"
cat > "$TREE/DEBIAN/control" <<EOF
Package: printwarden
Version: $VERSION
Architecture: $ARCH
Maintainer: Printwarden maintainers <maintainers@printwarden.invalid>
Installed-Size: $(du -sk --exclude=DEBIAN "$TREE" | cut -f1)
Depends: libc6 (>= 2.35), systemd (>= 249), tzdata, ca-certificates
Section: net
Priority: optional
Description: watches over the printers of a site for their service provider
 Finds printers on the configured networks, reads meters, supplies and alerts
 over SNMP, judges them by reviewable rules, and delivers service tickets to
 the provider without losing one. Read-only towards printers.
EOF
find "$TREE" -newermt "@${SOURCE_DATE_EPOCH:-$(date +%s)}" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" {} +
nice -n 10 dpkg-deb --root-owner-group -Zzstd -z19 --build "$TREE" "$DIST/printwarden_${VERSION}_$ARCH.deb"
