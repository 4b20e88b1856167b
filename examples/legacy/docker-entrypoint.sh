#!/bin/sh
set -e

# Volumes of older versions belong to root.
chown -R node:node /var/lib/lending
exec setpriv --reuid=node --regid=node --init-groups "$@"
