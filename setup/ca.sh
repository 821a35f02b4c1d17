#!/usr/bin/env bash
# Prints the file of certificates to trust while images are built; nothing when there is none. It is
# wanted where TLS to the package registries ends at a company's inspecting proxy or at a mirror.
# NIGHTDESK_CA names it, or is empty for "none"; without it the variables that pip, curl and Python
# go by are asked. No image keeps it.
source "$(dirname "$0")/lib.sh"

usable() { [ -r "$1" ] && grep -q -- '-----BEGIN' "$1"; }

if [ -n "${NIGHTDESK_CA+set}" ]; then
    [ -n "$NIGHTDESK_CA" ] || exit 0
    usable "$NIGHTDESK_CA" || die "NIGHTDESK_CA names $NIGHTDESK_CA, which is no readable file of PEM certificates." \
        "Name a bundle (it holds '-----BEGIN CERTIFICATE-----'), or leave it empty for none."
    realpath -- "$NIGHTDESK_CA"
    exit 0
fi
for variable in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE; do
    file=${!variable:-}
    if [ -n "$file" ] && usable "$file"; then
        realpath -- "$file"
        exit 0
    fi
done
