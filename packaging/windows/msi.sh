#!/bin/sh
# The MSI, from the frozen program of Windows: msi.sh PROGRAM VERSION OUT.msi
# PROGRAM is the folder that PyInstaller made there; it must hold printwarden.exe. Needs msitools and wixl.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
VERSION=$2
OUT=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
cd "$1/.." # wixl takes relative paths only
PROGRAM=$(basename "$1")
FILES=$(mktemp --suffix=.wxs)
trap 'rm -f "$FILES"' EXIT

[ -f "$PROGRAM/printwarden.exe" ] || { echo "there is no $PROGRAM/printwarden.exe" >&2; exit 1; }
find "$PROGRAM" -type f ! -path "$PROGRAM/printwarden.exe" | LC_ALL=C sort \
    | wixl-heat --prefix "$PROGRAM/" --directory-ref INSTALLDIR --component-group files --var var.Program --win64 \
    > "$FILES"
# wixl complains of nothing that matters through GLib; what matters ends it
wixl -a x64 -D Win64=yes -D Version="$VERSION" -D Program="$PROGRAM" -o "$OUT" "$HERE/printwarden.wxs" "$FILES" 2>&1 \
    | grep -v -e 'GLib-GObject-WARNING' -e '^$' || true
[ -f "$OUT" ] || exit 1

query() { msibuild "$OUT" -q "$1"; }

# What wixl has no element for. 8192: msidbCustomActionTypeHideTarget, the command line is not logged
type=$(msiinfo export "$OUT" CustomAction | awk -F '\t' '$1 == "configure" { print $2 }')
query "UPDATE CustomAction SET Type = $((type | 8192)) WHERE Action = 'configure'"
secure=$(msiinfo export "$OUT" Property | tr -d '\r' | awk -F '\t' '$1 == "SecureCustomProperties" { print $2 }')
query "UPDATE Property SET Value = '$secure;SITE;PROVIDER;NETWORKS;TOKEN;PROXY;TRAPS' WHERE Property = 'SecureCustomProperties'"

# TOKEN, where it was given, becomes state\enrolment.token; the log of the installer says where, but not what
query "CREATE TABLE IniFile (IniFile CHAR(72) NOT NULL, FileName CHAR(255) NOT NULL LOCALIZABLE, DirProperty CHAR(72), Section CHAR(96) NOT NULL LOCALIZABLE, \`Key\` CHAR(128) NOT NULL LOCALIZABLE, Value CHAR(255) NOT NULL LOCALIZABLE, Action SHORT NOT NULL, Component_ CHAR(72) NOT NULL PRIMARY KEY IniFile)"
query "INSERT INTO IniFile (IniFile, FileName, DirProperty, Section, \`Key\`, Value, Action, Component_) VALUES ('token', 'ENROLM~1.TOK|enrolment.token', 'STATEDIR', 'enrolment', 'token', '[TOKEN]', 0, 'token')"
query "INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('WriteIniValues', 'TOKEN', 5100)"
query "CREATE TABLE ActionText (Action CHAR(72) NOT NULL, Description CHAR(64) LOCALIZABLE, Template CHAR(128) LOCALIZABLE PRIMARY KEY Action)"
query "INSERT INTO ActionText (Action, Description, Template) VALUES ('WriteIniValues', 'Leaving the token for the service', 'File: [1]')"

# After a crash: again after 5, 30 and 60 seconds; a day without one starts the count afresh
query "CREATE TABLE MsiServiceConfigFailureActions (MsiServiceConfigFailureActions CHAR(72) NOT NULL, Name CHAR(255) NOT NULL, Event SHORT NOT NULL, ResetPeriod LONG, RebootMessage CHAR(255), Command CHAR(255), Actions CHAR(255), DelayActions CHAR(255), Component_ CHAR(72) NOT NULL PRIMARY KEY MsiServiceConfigFailureActions)"
query "INSERT INTO MsiServiceConfigFailureActions (MsiServiceConfigFailureActions, Name, Event, ResetPeriod, Actions, DelayActions, Component_) VALUES ('failures', 'Printwarden', 5, 86400, '1[~]1[~]1', '5000[~]30000[~]60000', 'service')"
query "INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('MsiConfigureServices', 'VersionMsi >= \"5.00\"', 5850)"

# Administrators and SYSTEM may do everything in the data folder, the service may change it, nobody else sees it
query "CREATE TABLE MsiLockPermissionsEx (MsiLockPermissionsEx CHAR(72) NOT NULL, LockObject CHAR(72) NOT NULL, \`Table\` CHAR(32) NOT NULL, SDDLText CHAR(0) NOT NULL, Condition CHAR(255) PRIMARY KEY MsiLockPermissionsEx)"
query "INSERT INTO MsiLockPermissionsEx (MsiLockPermissionsEx, LockObject, \`Table\`, SDDLText) VALUES ('data', 'DATADIR', 'CreateFolder', 'D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;LS)')"

# Port 162 is opened in the firewall only where traps are wanted (TRAPS=1), and closed by an uninstall.
# 3170: an .exe by its directory (34), deferred (1024), as SYSTEM (2048), going on if it fails (64)
rule='netsh.exe advfirewall firewall'
query "INSERT INTO CustomAction (Action, Type, Source, Target) VALUES ('open_firewall', 3170, 'SystemFolder', '$rule add rule name=\"Printwarden traps\" dir=in action=allow protocol=UDP localport=162 program=\"[INSTALLDIR]printwarden.exe\"')"
query "INSERT INTO CustomAction (Action, Type, Source, Target) VALUES ('close_firewall', 3170, 'SystemFolder', '$rule delete rule name=\"Printwarden traps\"')"
query "INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('open_firewall', 'TRAPS AND NOT REMOVE', 5870)"
query "INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('close_firewall', 'REMOVE~=\"ALL\"', 1950)"

# wixl puts these where the chain before them ends; they belong after the files are there, and before all else
query "UPDATE InstallExecuteSequence SET Sequence = 5860 WHERE Action = 'configure'"
query "UPDATE InstallExecuteSequence SET Sequence = 1501 WHERE Action = 'RemoveExistingProducts'"

# Configuration, secrets and state outlive the program. 16: msidbComponentAttributesPermanent
query "UPDATE Component SET Attributes = 16 WHERE Component = 'data' OR Component = 'token'"
