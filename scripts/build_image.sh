#!/bin/sh
# Builds the container image with docker, or with buildah where no docker answers.
#
#   scripts/build_image.sh [NAME]        NAME defaults to intellpulse:local
#   PYTHON_IMAGE=...                     the base; by default the Dockerfile's own. Where no registry
#                                        can be reached, one is made of Debian packages (mmdebstrap).
#   PLATFORM=linux/arm64                 the processor, where it is not this machine's
set -eu
cd "$(dirname "$0")/.."
name=${1:-intellpulse:local}
local_base=localhost/intellpulse-python:debian

if docker info >/dev/null 2>&1; then
  engine=docker
elif command -v buildah >/dev/null; then
  engine=buildah
  export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
  # Overlays do not nest: inside a container whose root is one, plain copies do.
  if [ "$(stat -f -c %T /var/lib)" = overlayfs ]; then export STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}"; fi
else
  echo "No docker answers and there is no buildah: install one (Debian: apt-get install buildah), then run make image again." >&2
  exit 1
fi

settings=$(mktemp -d)
trap 'rm -rf "$settings"' EXIT

# Debian's own Python, for machines that can reach packages but no registry.
make_base() {
  command -v mmdebstrap >/dev/null || {
    echo "No registry can be reached and there is no mmdebstrap: install it (Debian: apt-get install mmdebstrap), or set PYTHON_IMAGE." >&2
    exit 1
  }
  echo "No registry can be reached: making $local_base of Debian packages"
  # trixie's Python is the Dockerfile's 3.13; bookworm's, 3.11, serves where its keys are unknown.
  for suite in trixie bookworm; do
    mmdebstrap --quiet --variant=apt --include=python3,python3-pip,python-is-python3,ca-certificates \
      $suite "$settings/base.tar" && break
    rm -f "$settings/base.tar"
  done
  if [ $engine = docker ]; then
    docker import "$settings/base.tar" $local_base >/dev/null
  else
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$settings/base.tar" / >/dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" $local_base >/dev/null
  fi
  rm "$settings/base.tar"
}

if [ -z "${PYTHON_IMAGE:-}" ]; then
  default=$(sed -n 's/^ARG PYTHON_IMAGE=//p' Dockerfile)
  if $engine inspect --type image "$default" >/dev/null 2>&1 || $engine pull --quiet "$default" >/dev/null 2>&1; then
    PYTHON_IMAGE=$default
  else
    $engine inspect --type image $local_base >/dev/null 2>&1 || make_base
    PYTHON_IMAGE=$local_base
  fi
fi

# This machine's package indexes and authorities go in as secrets, so that no layer and no
# committed file names them.
set --
secret() { [ ! -s "$settings/$1" ] || secrets="${secrets:-} --secret id=$1,src=$settings/$1"; }
if command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1; then
  for option in index-url extra-index-url trusted-host proxy timeout; do
    value=$(python3 -m pip config get ":env:.$option" 2>/dev/null || python3 -m pip config get "global.$option" 2>/dev/null || true)
    # A folder of this machine is not there inside the build.
    value=$(printf '%s' "$value" | tr ' ' '\n' | grep -v '^file:' | tr '\n' ' ' || true)
    [ -z "${value% }" ] || echo "$option = ${value% }" >> "$settings/options"
  done
  [ ! -s "$settings/options" ] || { echo "[global]"; cat "$settings/options"; } > "$settings/pip.conf"
fi
if command -v npm >/dev/null; then
  echo "registry=$(npm config get registry 2>/dev/null)" > "$settings/npmrc"
fi
for bundle in "${SSL_CERT_FILE:-}" "${PIP_CERT:-}" /etc/ssl/certs/ca-certificates.crt; do
  if [ -s "$bundle" ]; then cp "$bundle" "$settings/ca.crt"; break; fi
done
secret pip.conf; secret npmrc; secret ca.crt
for variable in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
  eval "value=\${$variable:-}"
  [ -z "$value" ] || set -- "$@" --build-arg "$variable=$value"
done
[ -z "${PLATFORM:-}" ] || set -- "$@" --platform "$PLATFORM"
# Lambda takes one manifest, not an index with attestations beside it.
[ $engine = buildah ] || set -- "$@" --provenance=false

echo "Building $name on $PYTHON_IMAGE with $engine"
# shellcheck disable=SC2086  # secrets is a list of words, and its paths have no spaces
DOCKER_BUILDKIT=1 $engine build ${secrets:-} "$@" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" --tag "$name" .
