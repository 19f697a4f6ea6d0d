#!/bin/sh
# Installs the Debian packages that the deeper tests and benchmarks use. Without apt or root it only says so:
# the tests that need them skip, with the reason.
set -eu

PACKAGES="snmpd snmp postgresql curl cups cups-client cups-ipp-utils dbus-daemon wixl msitools gnupg osslsigncode shellcheck faketime"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "no apt-get here: tests that need $PACKAGES will skip"
elif [ "$(id -u)" -ne 0 ]; then
    echo "not root: run 'sudo sh packaging/test-deps.sh' for $PACKAGES, or let the tests that need them skip"
else
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $PACKAGES
fi
