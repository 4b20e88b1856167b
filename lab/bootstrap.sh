#!/bin/sh
# What `npm run …` needs in a fresh clone: the packages of package-lock.json, Node 24 among them (npm scripts find it first in PATH).
set -eu
cd "$(dirname "$0")/.."
[ -x node_modules/.bin/node ] && cmp -s package-lock.json node_modules/.berth-lock && exit 0
echo "installing packages" >&2
quiet='--no-audit --no-fund --loglevel=error'
# A registry without every platform's binaries makes a lock file that npm 11's `ci` refuses; `install` keeps to its versions all the same.
# shellcheck disable=SC2086
npm ci $quiet >/dev/null 2>&1 || npm install --no-save $quiet >&2
node_modules/.bin/node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 18) ? 0 : 1)' || {
  echo "berth: the npm package \"node\" did not install its binary; npm may have been told to ignore install scripts." >&2
  echo "       Run: npm install --no-save --ignore-scripts=false   (or use Node 22.18 or later)" >&2
  exit 1
}
cp package-lock.json node_modules/.berth-lock
