#!/bin/bash
# Runs as root on a second Debian that test-install.sh booted: the tarball's install.sh, without any package.
# Each line it prints is something that was seen.
set -euxo pipefail

# shellcheck source=packaging/linux/test-kit.sh
. /trial/test-kit.sh
UNIT=/etc/systemd/system/printwarden.service
running() { until_ok "$1" restarts 0 && until_ok "$1: printers" printers 8; }
verified() { # after "$1": what was known is known, and no read was changed
    local known
    known=$(state 'SELECT count(*) FROM device')
    [ "$known" -ge 8 ] || fail "$1: $known printers known"
    printwarden meters verify > /trial/verify.txt || fail "$1: $(cat /trial/verify.txt)"
}

# --- the frozen program
tar xf /trial/printwarden.tar.gz -C /trial
cd /trial/printwarden-*-linux-*
sh install.sh > /trial/install.txt 2>&1 || fail "install.sh: $(cat /trial/install.txt)"
[ "$(systemctl is-enabled printwarden)" = enabled ] && [ "$(property ActiveState)" = inactive ] || fail "not waiting"
! printwarden service status > /trial/status.txt || fail "status says that it runs"
ok "install.sh: program under /opt, unit and user by 'printwarden service install'; it waits for a configuration, and 'service status' ends with 1"
fleet
first_run
grep -q 'enrolled as a-' /trial/init.txt || fail "init: $(cat /trial/init.txt)"
ok "init found $(sed -n 's/^\([0-9]*\) printers *$/\1/p' /trial/init.txt) printers and $(grep -o 'enrolled as a-.*' /trial/init.txt) ($(stat -c '%U:%G %a' /var/lib/printwarden/identity/key.pem))"
on_the_clock
systemctl start printwarden
running "started"
printwarden service status | grep -q 'watches over S-04' || fail "service status"
until_ok "a ticket at the receiver" ticket
ok "it runs from $(grep -o 'ExecStart=[^ ]*' $UNIT), finds $(state 'SELECT count(*) FROM device') printers and delivers; 'service status' shows it"

# --- again: an upgrade in place
sh install.sh > /trial/install.txt 2>&1 || fail "install.sh again: $(cat /trial/install.txt)"
running "upgraded"
verified "upgraded"
ok "install.sh again: the service was restarted with the new program, state kept; meters verify: $(grep -c holds /trial/verify.txt) chains hold"

# --- uninstall
sh install.sh --uninstall > /trial/install.txt 2>&1 || fail "--uninstall: $(cat /trial/install.txt)"
[ ! -e /opt/printwarden ] && [ ! -e /usr/local/bin/printwarden ] && [ ! -e $UNIT ] || fail "--uninstall left the program"
[ -s "$DB" ] && [ -s /etc/printwarden/config.toml ] || fail "--uninstall took the state"
ok "install.sh --uninstall: no program, no unit; configuration and state stay"

# --- with the Python of the system
PIP_NO_INDEX=1 PIP_FIND_LINKS=/trial/wheels sh install.sh --venv > /trial/install.txt 2>&1 || fail "--venv: $(cat /trial/install.txt)"
running "as a venv"
verified "as a venv"
resident=$(awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$(property MainPID)/status")
ok "install.sh --venv: $(/opt/printwarden/venv/bin/python --version) of the system under the same unit; it takes the state up, $resident MB resident; meters verify: $(grep -c holds /trial/verify.txt) chains hold"
printwarden selftest > /trial/selftest.txt || fail "selftest: $(cat /trial/selftest.txt)"

# --- purge
systemctl stop fleet provider
rm -f /etc/systemd/system/printwarden.service.d/test.conf
sh install.sh --purge > /trial/install.txt 2>&1 || fail "--purge: $(cat /trial/install.txt)"
nothing_left
ok "install.sh --purge: no file, no user left"
