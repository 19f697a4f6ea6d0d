#!/bin/bash
# Runs as root on the Debian that test-install.sh booted. Each line it prints is something that was seen.
set -euxo pipefail

# shellcheck source=packaging/linux/test-kit.sh
. /trial/test-kit.sh

# --- install
dpkg -i /trial/printwarden.deb > /trial/dpkg.log 2>&1
[ "$(property ActiveState)" = inactive ] || fail "it should wait for a configuration"
ok "installed; it waits for a configuration, and says: $(grep "run 'printwarden init'" /trial/dpkg.log)"
[ "$(stat -c '%U:%G %a' /etc/printwarden /etc/printwarden/secrets | tr '\n' ' ')" = "root:printwarden 750 root:root 700 " ] \
    || fail "folders: $(stat -c '%U:%G %a' /etc/printwarden /etc/printwarden/secrets)"
printwarden selftest > /trial/selftest.txt || fail "selftest: $(cat /trial/selftest.txt)"
ok "the frozen selftest passes on a bare Debian $(cat /etc/debian_version)"
man -P cat printwarden | grep -q 'SYNOPSIS' || fail "no man page"

# --- first run
fleet
first_run --no-try
ok "init wrote /etc/printwarden/config.toml ($(stat -c '%U:%G %a' /etc/printwarden/config.toml)) and left the one-time token for the service ($(stat -c '%U:%G %a' /var/lib/printwarden/enrolment.token))"
on_the_clock

# --- READY, printers, a ticket
began=$(seconds)
systemctl start printwarden
ready=$(since "$began")
[ "$(property ActiveState)" = active ] || fail "not active"
ok "READY after $ready s; it says: $(property StatusText)"
[ "$(ps -o user= -p "$(property MainPID)")" = printwar+ ] || [ "$(ps -o user:20= -p "$(property MainPID)")" = printwarden ] \
    || fail "it runs as $(ps -o user:20= -p "$(property MainPID)")"
until_ok "printers found" printers 8
ok "$(state 'SELECT count(*) FROM device') printers of the simulated fleet found"
until_ok "a ticket at the receiver" ticket
ok "a ticket is at the receiver: $(arrived "SELECT json_extract(data, '$.fault.title') FROM event WHERE type = 'mps.ticket/1' LIMIT 1")"
[ ! -e /var/lib/printwarden/enrolment.token ] || fail "the token is still there"
identity=$(stat -c '%U:%G %a' /var/lib/printwarden/identity/credential.json)
[ "$identity" = "printwarden:printwarden 600" ] || fail "identity: $identity"
ok "it enrolled by itself at its first start: $(journalctl -o cat -u printwarden | grep -o 'enrolled with .*'); the token is gone, the key is its own ($identity)"
ok "$(awk '/VmRSS/ { printf "%.0f MB resident", $2 / 1024 }' "/proc/$(property MainPID)/status") while it watches"
ok "systemd-analyze security, booted: $(systemd-analyze security --no-pager printwarden.service | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')"

# --- kill -9
until_ok "one more event" caught_up
systemctl kill -s KILL printwarden
until_ok "restart after kill -9" restarts 1
until_ok "everything arrives after kill -9" caught_up
ok "kill -9: restarted; $(arrived 'SELECT count(*) FROM event') events at the receiver, each once, none missing"

# --- a hung agent
kill -STOP "$(property MainPID)"
began=$(seconds)
until_ok "restart of a hung agent" restarts 2
journalctl -u printwarden | grep -qi 'watchdog timeout' || fail "no watchdog timeout in the journal"
until_ok "everything arrives after a hang" caught_up
ok "a stopped process: the watchdog ended it and it runs again $(since "$began") s later (WatchdogSec=6 in this test)"

# --- the provider is away: stop is quick, and the queue survives
systemctl stop provider
sleep 3
began=$(seconds)
systemctl stop printwarden
stopped=$(since "$began")
[ "$(property Result)" = success ] || fail "stop: $(property Result)"
[ "$(sqlite3 "$DB" 'PRAGMA integrity_check')" = ok ] || fail "integrity"
waiting=$(state 'SELECT count(*) FROM outbox_event')
[ "$waiting" -ge 1 ] || fail "nothing waits, though the provider was away"
ok "stopped in $stopped s with the provider away; $waiting events wait in the outbox"
receiver
until_ok "the receiver" bash -c 'echo > /dev/tcp/127.0.0.1/8443'
systemctl start printwarden
until_ok "what waited arrives" caught_up
began=$(seconds)
systemctl stop printwarden
ok "what waited has arrived; stopped in $(since "$began") s with the provider there"

# --- traps: a socket unit opens port 162, the service has no privilege to
printf '[traps]\nenabled = true\n' >> /etc/printwarden/config.toml
systemctl enable -q --now printwarden-traps.socket
systemctl start printwarden
heard() { journalctl -u printwarden | grep -q 'listening for traps at 0.0.0.0:162'; }
until_ok "traps" heard
ok "printwarden-traps.socket: systemd opened port 162, and the service without privileges listens there"
systemctl disable -q --now printwarden-traps.socket

# --- upgrade
echo '# edited here' >> /etc/default/printwarden
known=$(state 'SELECT count(*) FROM device')
before=$(sha256sum /etc/printwarden/config.toml)
pid=$(property MainPID)
DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /trial/newer.deb >> /trial/dpkg.log 2>&1
until_ok "running after the upgrade" restarts 0
[ "$(property MainPID)" != "$pid" ] || fail "the old program still runs"
[ "$(state 'SELECT count(*) FROM device')" -ge "$known" ] || fail "printers forgotten"
[ "$(sha256sum /etc/printwarden/config.toml)" = "$before" ] || fail "configuration changed"
grep -q '# edited here' /etc/default/printwarden || fail "an edited conffile was replaced"
until_ok "everything arrives after the upgrade" caught_up
printwarden meters verify > /trial/verify.txt || fail "meters verify: $(cat /trial/verify.txt)"
ok "upgraded to $(dpkg-query -W -f '${Version}' printwarden) while it ran: state, configuration and an edited conffile kept; meters verify: $(grep -c holds /trial/verify.txt) chains hold"

# --- what was disabled stays disabled
systemctl disable -q printwarden
dpkg -i /trial/newer.deb >> /trial/dpkg.log 2>&1
[ "$(systemctl is-enabled printwarden || true)" = disabled ] || fail "enabled again by the package"
ok "a service that the administrator disabled stays disabled"

# --- remove and purge
dpkg -r printwarden >> /trial/dpkg.log 2>&1
! systemctl is-active -q printwarden || fail "still running"
[ -s "$DB" ] && [ -s /etc/printwarden/config.toml ] || fail "remove took the state"
ok "removed: stopped, configuration and state kept"
systemctl stop fleet provider
rm -f /etc/systemd/system/printwarden.service.d/test.conf
dpkg -P printwarden >> /trial/dpkg.log 2>&1
nothing_left
ok "purged: no file, no user left"
