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
status=0
timeout 300 npm install --save-exact --no-package-lock --ignore-scripts --no-audit --no-fund \
  --fetch-retries=1 --fetch-retry-mintimeout=2000 $missing >"$log" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
  tail -n 20 "$log" >&2
  [ "$status" -ne 124 ] || echo "esim: npm was stopped after 300 seconds" >&2
  echo "esim: npm could not fetch$missing (the whole log: $log)" >&2
  echo "esim: the specs of the pages look at them in a browser, which needs these once; \`make demo\` does not" >&2
  exit 1
fi
rm -f "$log"
