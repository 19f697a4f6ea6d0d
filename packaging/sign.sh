#!/bin/sh
# Sums of what lies in DIST, signed with whatever keys the environment names; says what stays unsigned.
#
#   PRINTWARDEN_GPG_KEY     a key id: SHA256SUMS, and each .deb and tarball, get a detached .asc
#   PRINTWARDEN_PFX         a PKCS#12 file with a code-signing certificate: .exe and .msi (Authenticode);
#                           its password is in the file PRINTWARDEN_PFX_PASSWORD_FILE
#   PRINTWARDEN_TIMESTAMP   the address of a timestamp service, so that signatures outlive the certificate
#
# Who publishes supplies key and certificate; none is part of the project.
set -eu

DIST=$1
say() { printf '%s\n' "$*"; }

authenticode() {
    set -- "$1" -pkcs12 "$PRINTWARDEN_PFX" -readpass "$PRINTWARDEN_PFX_PASSWORD_FILE" -h sha256 -n Printwarden
    file=$1
    shift
    [ -z "${PRINTWARDEN_TIMESTAMP:-}" ] || set -- "$@" -ts "$PRINTWARDEN_TIMESTAMP"
    osslsigncode sign "$@" -in "$file" -out "$file.signed" > /dev/null
    mv "$file.signed" "$file"
}

windows=$(find "$DIST" -maxdepth 2 \( -name '*.exe' -o -name '*.msi' \) | sort)
if [ -n "$windows" ] && [ -n "${PRINTWARDEN_PFX:-}" ]; then
    for file in $windows; do
        authenticode "$file"
        say "signed $file"
    done
elif [ -n "$windows" ]; then
    say "not signed (PRINTWARDEN_PFX names no certificate): $windows"
fi

# The sums are made of what was signed above, and vouch for all of it
(cd "$DIST" && find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' ! -name '*.asc' -printf '%f\n' | sort \
    | xargs sha256sum > SHA256SUMS)

linux=$(find "$DIST" -maxdepth 1 \( -name '*.deb' -o -name '*.tar.gz' \) | sort)
if [ -n "${PRINTWARDEN_GPG_KEY:-}" ]; then
    for file in $linux "$DIST/SHA256SUMS"; do
        gpg --batch --yes --local-user "$PRINTWARDEN_GPG_KEY" --armor --detach-sign "$file"
        say "signed $file"
    done
else
    say "not signed (PRINTWARDEN_GPG_KEY names no key): $linux"
fi
