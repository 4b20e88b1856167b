#!/bin/sh
# What `npm run …` needs in a fresh clone: the packages of package-lock.json, Node 24 among them (npm scripts find it first in PATH).
set -eu
cd "$(dirname "$0")/.."
[ -x node_modules/.bin/node ] && cmp -s package-lock.json node_modules/.berth-lock && exit 0
echo "installing packages (npm ci)" >&2
npm ci --no-audit --no-fund --loglevel=error >&2
node_modules/.bin/node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 18) ? 0 : 1)' || {
  echo "berth: the npm package \"node\" did not install its binary; npm may have been told to ignore install scripts." >&2
  echo "       Run: npm ci --ignore-scripts=false   (or use Node 22.18 or later)" >&2
  exit 1
}
cp package-lock.json node_modules/.berth-lock
