# What the scripts that run on a booted Debian share: what was seen, waiting, and a world to install into.
# Sourced, not run.
# shellcheck shell=bash disable=SC2034

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
# Eight printers are there for good; one falls silent on the first day and one sleeps, found or not by then
printers() { [ "$(state 'SELECT count(*) FROM device')" -ge "$1" ]; }
ticket() { [ "$(arrived "SELECT count(*) FROM event WHERE type = 'mps.ticket/1'")" -ge 1 ]; }
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

# --- the world: a fleet and a provider, on a clock 1440 times as fast
now=$(date +%s)
clock="1440@$now.0=$now.0"
fleet() {
    systemd-run -q --unit=fleet printwarden simulate --json --no-mdns --base 127.77.0.1 --port 16161 \
        --clock "$clock" --started "$now.0"
}
receiver() {
    systemd-run -q --unit=provider printwarden receive --json --port 8443 --database /trial/receiver.db \
        --tls-folder /trial/tls --enrolment
}
first_run() { # a provider to believe, a token, and `printwarden init`
    receiver
    until_ok "the receiver's certificates" test -s /trial/tls/ca.pem
    install -m 0644 /trial/tls/ca.pem /etc/printwarden/provider-ca.pem
    until_ok "the receiver" bash -c 'echo > /dev/tcp/127.0.0.1/8443'
    printwarden receive token --site S-04 --database /trial/receiver.db > /trial/token
    printwarden init --yes --listen 0s --network 127.77.0.0/27 --port 16161 --site S-04 \
        --provider https://127.0.0.1:8443/v1/events --ca-file /etc/printwarden/provider-ca.pem \
        --token-file /trial/token "$@" > /trial/init.txt
    [ ! -e /trial/token ] || fail "the token is still where it came from"
    faster
}
faster() { # the configuration for a fleet on loopback
    cat >> /etc/printwarden/config.toml <<'EOF'
[mdns]
enabled = false
[snmp]
timeout = "500 ms"
retries = 1
requests_per_second = 5000.0
requests_per_second_per_subnet = 5000.0
EOF
}
on_the_clock() { # the service's own unit, on that clock, with a watchdog and restarts that do not take minutes
    mkdir -p /etc/systemd/system/printwarden.service.d
    cat > /etc/systemd/system/printwarden.service.d/test.conf <<EOF
[Service]
ExecStart=
ExecStart=$(command -v printwarden) run --config /etc/printwarden/config.toml --clock $clock
RestartSec=1
WatchdogSec=6
TimeoutAbortSec=3
EOF
    systemctl daemon-reload
}
nothing_left() { # after a purge
    local left
    left=$(find / -xdev \( -path /trial -o -path /root -o -path /proc -o -path /sys -o -path /run/log -o -path /var/log -o -path '/var/cache/*' -o -path '/tmp/*' \) -prune \
        -o -iname '*printwarden*' -print)
    [ -z "$left" ] || fail "left behind: $left"
    ! getent passwd printwarden > /dev/null && ! getent group printwarden > /dev/null || fail "the user is left"
}
