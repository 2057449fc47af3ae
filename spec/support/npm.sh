#!/bin/sh
# Has node's packages in a folder: `npm.sh folder name@version …` fetches those that are not there.
set -eu
folder=$1
shift

missing=""
for package in "$@"; do
  about="$folder/node_modules/${package%@*}/package.json"
  grep -q "\"version\": \"${package##*@}[\".]" "$about" 2>/dev/null || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

mkdir -p "$folder"
cd "$folder"
[ -e package.json ] || echo '{}' >package.json
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
echo "esim: fetching with npm:$missing"
log=$(mktemp)
if ! timeout 300 npm install --save-exact --no-package-lock --ignore-scripts --no-audit --no-fund $missing >"$log" 2>&1
then
  tail -n 20 "$log" >&2
  echo "esim: npm could not fetch$missing (the whole log: $log)" >&2
  exit 1
fi
rm -f "$log"
