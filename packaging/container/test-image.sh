#!/bin/sh
# Builds the image and runs it as README.md says: sh packaging/container/test-image.sh
#
# Without a daemon and without a registry: buildah and podman (with runc), storage of its own below build/, and
# where the base image cannot be had, the Debian with Python that `make test-install` made, under its name.
# Needs root and the Debian packages buildah, podman and runc; skipped, saying so, where they are missing.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
PLACE=${PRINTWARDEN_IMAGE_TEST:-$ROOT/build/image-test}
STAND_IN=${PRINTWARDEN_INSTALL_TEST:-$ROOT/build/install-test}/python
STARS='****************************************************************************'
skip() {
    printf '\n%s\n*** test-image SKIPPED: %s\n%s\n\n' "$STARS" "$*" "$STARS" >&2
    exit 0
}
ok() { echo "ok  $*"; }
fail() {
    echo "FAIL  $*"
    exit 1
}
[ "$(id -u)" -eq 0 ] || skip "needs root"
for tool in buildah podman runc; do
    command -v $tool > /dev/null || skip "needs the Debian packages buildah, podman and runc"
done

rm -rf "$PLACE/site" "$PLACE/world"
mkdir -p "$PLACE/site" "$PLACE/world"
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' "$PLACE" "$PLACE" > "$PLACE/storage.conf"
export CONTAINERS_STORAGE_CONF="$PLACE/storage.conf" STORAGE_DRIVER=vfs
BASE=$(sed -n 's/^FROM \([^ ]*\)$/\1/p' "$HERE/Containerfile")

if ! buildah inspect "$BASE" > /dev/null 2>&1 && ! buildah pull -q "$BASE" > /dev/null 2>&1; then
    [ -e "$STAND_IN/.complete" ] || skip "no registry has $BASE, and make test-install has not made its stand-in"
    made=$(buildah from scratch)
    mounted=$(buildah mount "$made")
    tar -C "$STAND_IN" --exclude=./var/cache/apt -c . | tar -x -C "$mounted"
    ln -sf python3 "$mounted/usr/bin/python"
    cp -L /etc/ssl/certs/ca-certificates.crt "$mounted/etc/ssl/certs/"
    [ ! -e /etc/pip.conf ] || cp -L /etc/pip.conf "$mounted/etc/"
    buildah umount "$made" > /dev/null
    buildah commit -q "$made" "$BASE" > /dev/null
    buildah rm "$made" > /dev/null
    echo "no registry has $BASE: a Debian 12 with Python 3.11 stands in for it"
fi
nice buildah bud -q --isolation chroot --format docker --pull=never -f "$HERE/Containerfile" -t printwarden "$ROOT" \
    > "$PLACE/build.log" 2>&1 || { tail "$PLACE/build.log"; fail "it does not build"; }
ok "$(buildah --version | cut -d' ' -f1-3) built it, and 'printwarden selftest' passed in it"

IMAGE=localhost/printwarden
run() { # run NAME OPTIONS… IMAGE WORDS…: as README.md says
    name=$1
    shift
    podman --runtime runc --cgroup-manager cgroupfs run -q --name "$name" --network host --read-only --cap-drop all \
        --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@"
}
clean() {
    podman --cgroup-manager cgroupfs rm -f -t 3 agent fleet provider > /dev/null 2>&1 || true
    podman volume rm -f printwarden-test > /dev/null 2>&1 || true
}
trap clean EXIT
clean
chown 990:990 "$PLACE/site" "$PLACE/world"
within() { # within SECONDS COMMAND…
    left=$1
    shift
    until "$@" > /dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 1
    done
}

# --- a fleet and a provider, from the same image
run fleet -d "$IMAGE" simulate --json --no-mdns --base 127.78.0.1 --port 16178 > /dev/null
run provider -d -v "$PLACE/world:/world" "$IMAGE" receive --json --enrolment --port 18443 --database /world/receiver.db \
    --tls-folder /world/tls > /dev/null
within 60 test -s "$PLACE/world/tls/ca.pem" || fail "the receiver does not start"
cp "$PLACE/world/tls/ca.pem" "$PLACE/site/ca.pem"
podman exec provider printwarden receive token --site S-04 --database /world/receiver.db > "$PLACE/site/token"
chown 990:990 "$PLACE/site/token" "$PLACE/site/ca.pem"

# --- the agent
run agent --rm -v "$PLACE/site:/config" -v printwarden-test:/state "$IMAGE" init --config /config/config.toml --yes \
    --listen 0s --network 127.78.0.0/28 --port 16178 --site S-04 --provider https://127.0.0.1:18443/v1/events \
    --ca-file /config/ca.pem --token-file /config/token > "$PLACE/init.txt" || { cat "$PLACE/init.txt"; fail "init"; }
ok "init in the container: $(sed -n 's/^\([0-9]* printers\) *$/\1/p' "$PLACE/init.txt"), $(grep -o 'enrolled as a-.*' "$PLACE/init.txt")"
run agent -d -v "$PLACE/site:/config:ro" -v printwarden-test:/state "$IMAGE" > /dev/null
within 60 podman --runtime runc healthcheck run agent || { podman logs agent | tail; fail "the health check does not pass"; }
ok "it runs as $(podman exec agent id -un), and its own health check passes: $(podman exec agent printwarden service alive --config /config/config.toml)"
podman exec agent sh -c 'touch /opt/x' 2> /dev/null && fail "its root can be written"
ok "its root is read-only, its capabilities are $(podman exec agent sed -n 's/^CapEff:\t//p' /proc/1/status)"
arrived() { [ "$(sqlite3 "file:$PLACE/world/receiver.db?mode=ro" 'SELECT count(*) FROM event')" -ge 1 ]; }
within 60 arrived || fail "nothing arrives"
known() { podman exec agent printwarden status --config /config/config.toml --json | grep -c '"last_answer"'; }
found() { [ "$(known)" -ge 8 ]; }
within 60 found || fail "$(known) printers known"
ok "$(known) printers known to it, and its events arrive at the receiver"
began=$(date +%s%N)
podman --runtime runc stop -t 10 agent > /dev/null
[ "$(podman inspect -f '{{.State.ExitCode}}' agent)" = 0 ] || fail "it ended with $(podman inspect -f '{{.State.ExitCode}}' agent)"
ok "podman stop: ended by itself, in $(awk "BEGIN { printf \"%.1f\", ($(date +%s%N) - $began) / 1e9 }") s"
