#!/usr/bin/env bash
# The operator's file (config/nightdesk.yaml) is right, or this says which line is not.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/platform.sh"

shown=${NIGHTDESK_CONFIG#"$PWD"/}
[ -r "$NIGHTDESK_CONFIG" ] || die "there is no file $shown to read." "Its name stands in ${NIGHTDESK_ENV_FILE#"$PWD"/}, key NIGHTDESK_CONFIG."
"$python" -m nightdesk.config "$shown" || die "$shown is wrong; nothing was started." "Each line above says the place and what belongs there."
front
if plainly_published; then
    die "NIGHTDESK_BIND=$NIGHTDESK_BIND would publish the platform without TLS: passwords would cross the network readably." \
        "Set site.tls in ${NIGHTDESK_CONFIG#"$PWD"/} to files or acme (docs/install.md#tls), or NIGHTDESK_BIND to 127.0.0.1." \
        "Where another server in front of it ends TLS, say so: site.behind_proxy: true"
fi
if [ "$NIGHTDESK_TLS" = files ]; then
    "$python" setup/tls_files.py "$NIGHTDESK_TLS_FILES" "$NIGHTDESK_TLS_HOST" ||
        die "the certificate cannot be used; nothing was started." "The line above says what to change."
fi

# A provider knows the platform by a secret, which is not for the operator's file.
kind=$("$python" -c 'import sys; from nightdesk.config import load; print(load(sys.argv[1]).accounts.sign_in)' "$NIGHTDESK_CONFIG")
if [ "$kind" != native ] && [ -z "$(setting NIGHTDESK_SIGN_IN_SECRET '')" ]; then
    die "people sign in with a provider ($shown: accounts.sign_in is $kind), and its client secret is missing." \
        "Write it into ${NIGHTDESK_ENV_FILE#"$PWD"/}, key NIGHTDESK_SIGN_IN_SECRET. docs/sign-in.md has the steps."
fi
# So does a bucket.
if [[ $("$python" -c 'import sys; from nightdesk.config import load; print(load(sys.argv[1]).storage.url)' "$NIGHTDESK_CONFIG") == s3:* ]]; then
    for key in NIGHTDESK_STORE_KEY NIGHTDESK_STORE_SECRET; do
        [ -n "$(setting $key '')" ] || die "outputs are kept in a bucket ($shown: storage.url), and its login is missing." \
            "Write it into ${NIGHTDESK_ENV_FILE#"$PWD"/}, key $key. docs/outputs.md has the steps."
    done
fi
say "$shown is valid"
