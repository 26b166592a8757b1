#!/bin/sh
# Runs a command inside the image build with the package indexes and authorities of the machine
# that builds, where it gave them as secrets.
set -eu
secrets=/run/secrets
if [ -s $secrets/ca.crt ]; then export PIP_CERT=$secrets/ca.crt NODE_EXTRA_CA_CERTS=$secrets/ca.crt; fi
if [ -s $secrets/pip.conf ]; then export PIP_CONFIG_FILE=$secrets/pip.conf; fi
if [ -s $secrets/npmrc ]; then export NPM_CONFIG_USERCONFIG=$secrets/npmrc; fi
exec "$@"
