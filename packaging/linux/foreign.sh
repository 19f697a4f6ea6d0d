#!/bin/sh
# The package for another architecture, built and proven on a Debian of that architecture under emulation:
#
#   sh packaging/linux/foreign.sh arm64        leaves printwarden_VERSION_arm64.deb and its tarball in dist-arm64/
#
# PyInstaller builds for the machine that it runs on. Where there is one of that architecture, `make package`
# does it there in a minute; this takes about half an hour. Needs root, debootstrap, qemu-user-static and
# binfmt-support, and the package indexes that apt and pip of this machine know.
set -eu

ARCH=${1:-arm64}
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
PLACE=${PRINTWARDEN_FOREIGN:-$ROOT/build/foreign-$ARCH}
INSIDE=python3,python3-venv,ca-certificates,binutils,make
OUT=$ROOT/dist-$ARCH

[ "$(id -u)" -eq 0 ] || { echo "this needs root: sudo sh $0 $ARCH" >&2; exit 1; }
for tool in debootstrap qemu-aarch64-static; do
    command -v $tool > /dev/null || { echo "this needs debootstrap, qemu-user-static and binfmt-support" >&2; exit 1; }
done
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
update-binfmts --enable > /dev/null 2>&1 || true

if [ ! -e "$PLACE/.complete" ]; then
    echo "making a Debian of $ARCH (once)"
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2> /dev/null | sed -n 's/ bookworm$//p' | head -n 1)
    # shellcheck disable=SC2086 # no mirror, no word: then it is debootstrap's own
    nice debootstrap --arch="$ARCH" --variant=minbase --include=$INSIDE bookworm "$PLACE" $mirror > /dev/null
    touch "$PLACE/.complete"
fi

# The network and the indexes as they are here
cp -L /etc/resolv.conf /etc/hosts "$PLACE/etc/"
cp -L /etc/ssl/certs/ca-certificates.crt "$PLACE/etc/ssl/certs/"
[ ! -e /etc/pip.conf ] || cp -L /etc/pip.conf "$PLACE/etc/"

mkdir -p "$PLACE/source"
find "$PLACE/source" -mindepth 1 -maxdepth 1 ! -name .venv -exec rm -rf {} +
(cd "$ROOT" && git ls-files -z | tar -c --null -T -) | tar -x -C "$PLACE/source"
mount -t proc proc "$PLACE/proc"
mount --rbind /dev "$PLACE/dev" && mount --make-rslave "$PLACE/dev"
trap 'umount -l "$PLACE/dev" "$PLACE/proc"' EXIT
SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
# qemu-user does not know the options of multicast sockets: that one check is left to a real machine
export PRINTWARDEN_UNPROVEN=mdns
nice -n 15 chroot "$PLACE" /bin/sh -c 'cd /source && exec make package'

rm -rf "$OUT" && mkdir "$OUT"
find "$PLACE/source/dist" -maxdepth 1 -type f -exec cp {} "$OUT/" \;
(cd "$OUT" && sha256sum -c SHA256SUMS && ls -l)
