#!/bin/sh
# Installs, upgrades and removes the MSI under Wine: `make test-install`. The program in it is a placeholder
# (a Windows .exe cannot be made here), so the copy that is tried does not start the service: a placeholder
# is none, and the installer would rightly roll back. Skipped, saying so, where Wine or wixl are missing.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
STARS='****************************************************************************'
skip() {
    printf '\n%s\n*** test-msi SKIPPED: %s\n%s\n\n' "$STARS" "$*" "$STARS" >&2
    exit 0
}
for tool in wixl msiinfo msibuild wine; do
    command -v $tool > /dev/null || skip "needs wixl, msitools and wine (Debian packages of these names, and wine64)"
done
PLACEHOLDER=$(find /usr/lib -path '*x86_64-windows/hostname.exe' 2> /dev/null | head -n 1)
[ -n "$PLACEHOLDER" ] || skip "Wine has no hostname.exe to stand in for the program"

WORK=$(mktemp -d)
export WINEPREFIX="$WORK/wine" WINEDEBUG=-all DISPLAY=
trap 'wineserver -k 2> /dev/null || true; rm -rf "$WORK"' EXIT
ok() { echo "ok  $*"; }
fail() { echo "FAIL  $*"; exit 1; }
installed() { find "$WINEPREFIX/drive_c/Program Files/Printwarden" -type f 2> /dev/null | wc -l; }
seen() {
    wine sc query Printwarden > "$WORK/service.txt" 2> /dev/null || true
    grep -q 'WIN32_OWN_PROCESS' "$WORK/service.txt"
}
service() { # service there | service gone: Wine's own service manager takes a moment
    for _ in 1 2 3 4 5 6 7 8; do
        if seen; then now=there; else now=gone; fi
        [ $now != "$1" ] || return 0
        sleep 1
    done
    return 1
}

mkdir -p "$WORK/program/_internal/agent"
cp "$PLACEHOLDER" "$WORK/program/printwarden.exe"
echo 1 > "$WORK/program/_internal/agent/data.toml"
for version in 0.1.0 0.2.0; do
    sh "$HERE/msi.sh" "$WORK/program" $version "$WORK/$version.msi"
    msibuild "$WORK/$version.msi" -q "UPDATE ServiceControl SET Event = 162 WHERE ServiceControl = 'control'"
    echo 2 > "$WORK/program/_internal/agent/newer.toml"
done
timeout 120 wineboot -i > /dev/null 2>&1 || skip "Wine does not start here"

wine msiexec /i "$WORK/0.1.0.msi" /qn SITE=S-04 TOKEN=t0ken > /dev/null 2>&1 || fail "msiexec /i"
service there || fail "no service"
[ "$(installed)" = 2 ] || fail "$(installed) files"
left="$WINEPREFIX/drive_c/ProgramData/printwarden/state/enrolment.token"
tr -d '\r' < "$left" 2> /dev/null | grep -qx 'token=t0ken' || fail "the token was not left for the service"
wine reg query 'HKLM\System\CurrentControlSet\Services\Printwarden' /v ImagePath 2> /dev/null \
    | grep -q 'printwarden.exe.* service host' || fail "the service is started otherwise"
ok "MSI installed silently under $(wine --version): the service is there, with its files and its command line, and the token is where it looks for it"
rm "$left" # as the service does once it is enrolled
wine msiexec /i "$WORK/0.2.0.msi" /qn > /dev/null 2>&1 || fail "upgrade"
[ ! -e "$left" ] || fail "an upgrade left a token"
service there && [ "$(installed)" = 3 ] || fail "after the upgrade: $(installed) files"
wine msiexec /i "$WORK/0.1.0.msi" /qn > /dev/null 2>&1 && fail "a downgrade went through"
ok "MSI upgraded in place; a downgrade is refused"
wine msiexec /x "$WORK/0.2.0.msi" /qn > /dev/null 2>&1 || fail "msiexec /x"
service gone || fail "the service is left"
[ "$(installed)" = 0 ] || fail "$(installed) files left"
[ -d "$WINEPREFIX/drive_c/ProgramData/printwarden" ] || fail "the data folder went with it"
ok "MSI removed: no service, no program; the data folder stays"
