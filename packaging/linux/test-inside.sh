#!/bin/bash
# Runs as root on the Debian that test-install.sh booted. Each line it prints is something that was seen.
set -euxo pipefail

DB=/var/lib/printwarden/printwarden.db
PATIENCE=90
ok() { echo "ok  $*"; }
fail() {
    echo "FAIL  $*"
    systemctl status --no-pager printwarden >&2 || true
    journalctl --no-pager -n 60 -u printwarden >&2 || true
    exit 1
}
seconds() { date +%s.%N; }
since() { awk "BEGIN { printf \"%.2f\", $(seconds) - $1 }"; }
until_ok() { # until_ok WHAT COMMAND…: within PATIENCE seconds
    local what=$1 end=$((SECONDS + PATIENCE))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "$what: not within $PATIENCE s"
        sleep 0.3
    done
}
property() { systemctl show -P "$1" printwarden.service; }
state() { sqlite3 -readonly "$DB" "$1"; }
arrived() { sqlite3 -readonly /trial/receiver.db "$1"; }
restarts() { [ "$(property NRestarts)" -ge "$1" ] && [ "$(property ActiveState)" = active ]; }
printers() { [ "$(state 'SELECT count(*) FROM device')" -ge "$1" ]; }
complete() { # each event has arrived once, but for heartbeats that a newer one made needless; no step of a ticket is missing
    local taken known
    taken=$(state "SELECT sum(CASE WHEN what LIKE 'dropped:superseded' THEN -n ELSE n END) FROM outbox_count
                   WHERE what = 'accepted' OR what LIKE 'dropped:%'")
    known=$(arrived 'SELECT count(*) FROM event')
    [ "$taken" = "$known" ] && [ "$(arrived 'SELECT count(*) - count(DISTINCT sequence) FROM event')" = 0 ] \
        && [ "$(arrived "SELECT count(*) FROM (SELECT 1 FROM event WHERE type = 'mps.ticket/1' GROUP BY subject
                         HAVING count(*) <> max(json_extract(data, '\$.ticket_seq')))")" = 0 ]
}
caught_up() { [ "$(state 'SELECT count(*) FROM outbox_event')" = 0 ] && complete; }

# --- install
dpkg -i /trial/printwarden.deb > /trial/dpkg.log 2>&1
[ "$(property ActiveState)" = inactive ] || fail "it should wait for a configuration"
ok "installed; it waits for a configuration, and says: $(grep "run 'printwarden init'" /trial/dpkg.log)"
[ "$(stat -c '%U:%G %a' /etc/printwarden /etc/printwarden/secrets | tr '\n' ' ')" = "root:printwarden 750 root:root 700 " ] \
    || fail "folders: $(stat -c '%U:%G %a' /etc/printwarden /etc/printwarden/secrets)"
printwarden selftest > /trial/selftest.txt || fail "selftest: $(cat /trial/selftest.txt)"
ok "the frozen selftest passes on a bare Debian $(cat /etc/debian_version)"
man -P cat printwarden | grep -q 'SYNOPSIS' || fail "no man page"

# --- the world: a fleet and a provider, on a clock 1440 times as fast
now=$(date +%s)
clock="1440@$now.0=$now.0"
systemd-run -q --unit=fleet printwarden simulate --json --no-mdns --base 127.77.0.1 --port 16161 \
    --clock "$clock" --started "$now.0"
receiver() {
    systemd-run -q --unit=provider printwarden receive --json --port 8443 --database /trial/receiver.db \
        --tls-folder /trial/tls --enrolment
}
receiver
until_ok "the receiver's certificates" test -s /trial/tls/ca.pem
install -m 0644 /trial/tls/ca.pem /etc/printwarden/provider-ca.pem

# --- first run
until_ok "the receiver" bash -c 'echo > /dev/tcp/127.0.0.1/8443'
printwarden receive token --site S-04 --database /trial/receiver.db > /trial/token
printwarden init --yes --listen 0s --no-try --network 127.77.0.0/27 --port 16161 --site S-04 \
    --provider https://127.0.0.1:8443/v1/events --ca-file /etc/printwarden/provider-ca.pem --token-file /trial/token \
    >&2
cat >> /etc/printwarden/config.toml <<'EOF'
[mdns]
enabled = false
[snmp]
timeout = "500 ms"
retries = 1
requests_per_second = 5000.0
requests_per_second_per_subnet = 5000.0
EOF
ok "init wrote /etc/printwarden/config.toml ($(stat -c '%U:%G %a' /etc/printwarden/config.toml)) and left the one-time token for the service ($(stat -c '%U:%G %a' /var/lib/printwarden/enrolment.token))"
[ ! -e /trial/token ] || fail "the token is still where it came from"
mkdir -p /etc/systemd/system/printwarden.service.d
cat > /etc/systemd/system/printwarden.service.d/test.conf <<EOF
[Service]
ExecStart=
ExecStart=/usr/bin/printwarden run --config /etc/printwarden/config.toml --clock $clock
RestartSec=1
WatchdogSec=6
TimeoutAbortSec=3
EOF
systemctl daemon-reload

# --- READY, printers, a ticket
began=$(seconds)
systemctl start printwarden
ready=$(since "$began")
[ "$(property ActiveState)" = active ] || fail "not active"
ok "READY after $ready s; it says: $(property StatusText)"
[ "$(ps -o user= -p "$(property MainPID)")" = printwar+ ] || [ "$(ps -o user:20= -p "$(property MainPID)")" = printwarden ] \
    || fail "it runs as $(ps -o user:20= -p "$(property MainPID)")"
until_ok "printers found" printers 9
ok "$(state 'SELECT count(*) FROM device') printers of the simulated fleet found"
ticket() { [ "$(arrived "SELECT count(*) FROM event WHERE type = 'mps.ticket/1'")" -ge 1 ]; }
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
ok "upgraded to $(dpkg-query -W -f '${Version}' printwarden) while it ran: state, configuration and an edited conffile kept"

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
left=$(find / -xdev \( -path /trial -o -path /root -o -path /proc -o -path /sys -o -path /run/log -o -path /var/log -o -path '/var/cache/*' -o -path '/tmp/*' \) -prune \
    -o -iname '*printwarden*' -print)
[ -z "$left" ] || fail "left behind: $left"
! getent passwd printwarden > /dev/null && ! getent group printwarden > /dev/null || fail "the user is left"
ok "purged: no file, no user left"
