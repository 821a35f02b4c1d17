#!/usr/bin/env bash
# The Debian image that every Dockerfile here stands on: debian:trixie-slim. Pulled where a
# registry is in reach; otherwise bootstrapped from the package mirror this machine is set up
# with and given the same name, so that the same Dockerfiles build in both places.
source "$(dirname "$0")/lib.sh"

image=debian:trixie-slim
state=${NIGHTDESK_STATE:-.nightdesk}

if docker image inspect "$image" >/dev/null 2>&1; then
    say "$image is here"
    exit 0
fi
step "Base system image $image"
if timeout "${NIGHTDESK_PULL_TIMEOUT:-60}" docker pull --quiet "$image" >/dev/null 2>&1; then
    say "pulled $image"
    exit 0
fi
say "no container registry in reach: bootstrapping $image from the Debian mirror (about a minute)"
have apt-get && [ "$(id -u)" = 0 ] || die "without a container registry the base image is bootstrapped, which needs root on Debian or Ubuntu." \
    "Make 'docker pull $image' work (a registry mirror, or 'docker load' from a file) and run the command again."
if ! have debootstrap; then
    quietly "$state/log/apt-debootstrap.log" sh -c 'apt-get update && apt-get install -y --no-install-recommends debootstrap debian-archive-keyring'
fi
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
[ -n "$mirror" ] || die "apt on this machine has no Debian mirror configured." "Make 'docker pull $image' work and run the command again."
# debootstrap of an older release may not know the newer one's name; all releases share one script.
script=/usr/share/debootstrap/scripts/trixie
[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
root=$(mktemp -d /var/tmp/nightdesk-trixie.XXXXXX)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
quietly "$state/log/debootstrap.log" debootstrap --variant=minbase --keyring="$keyring" trixie "$root" "$mirror" "$script"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/* \
       "$root"/usr/share/locale/* "$root"/var/log/*.log
tar -C "$root" --numeric-owner -c . | docker import --change 'CMD ["bash"]' --change 'LABEL org.nightdesk.bootstrapped=true' - "$image" >/dev/null
say "made $image"
