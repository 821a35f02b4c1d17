#!/usr/bin/env bash
# A Chromium for the tests that drive a browser: the system's own, installed where it is missing.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

for candidate in /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
    # Ubuntu's chromium-browser may be a stub that only points at a snap.
    if [ -x "$candidate" ] && timeout 20 "$candidate" --version >/dev/null 2>&1; then
        say "browser: $candidate"
        exit 0
    fi
done
step "Browser for the tests"
if ! on_debian || [ "$(. /etc/os-release && echo "$ID")" != debian ]; then
    die "the tests drive a Chromium, and there is none here." \
        "Install one that answers as /usr/bin/chromium or /usr/bin/google-chrome and run the command again."
fi
say "installing Debian's chromium"
quietly "$NIGHTDESK_STATE/log/apt-chromium.log" sh -c 'apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core'
say "browser: $(command -v chromium)"
