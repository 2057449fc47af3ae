#!/bin/sh
# Runs the specs under each Lua given and sums up; last line: "N passed, N failed".
# SPECS: files instead of all; BUILD: another build folder; HOST: another interpreter; WRAP: a command to run
# it under; JOBS: how many at a time (2: most of their time they wait). A spec that says `Only under LuaJIT`, because it
# tests nginx's own, is run under no other. A spec in which a token or a matching id is told counts one failure more,
# and so does one that passes and leaves something in its TMPDIR; whatever is left there goes with the run.
# What took longest, and what failed, is said once more at the end: a long log is read from there.
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
: "${SPECS:=$(ls spec/*_spec.lua spec/regress/*_spec.lua)}" "${BUILD:=build}" "${WRAP:=}" "${JOBS:=2}"
LONGEST=8  # specs that are named as such
MOST=600   # seconds that one may take: a browser's has been seen to take 260

# What is left in a spec's folder. What is going just now, such as a sandbox's watchdog, has five seconds for it.
left_in() {
  n=0
  while [ -n "$(ls -A "$1")" ] && [ "$n" -lt 50 ]; do
    sleep 0.1
    n=$((n + 1))
  done
  ls -A "$1"
}

# Run spec $2 under the Lua $1. What is to be said goes to stdout in one piece; $RESULTS hears
# "passed failed seconds lua spec".
run_one() {
  lua=$1 spec=$2 begun=$(date +%s)
  log=$(mktemp) told=$(mktemp) text=$(mktemp) folder=$(mktemp -d)
  env LUA_PATH="$PWD/lua/?.lua;$PWD/?.lua;;" LUA_CPATH="$PWD/$BUILD/$lua/?.so;;" \
    TMPDIR="$folder" ESIM_LUA="${HOST:-$lua}" ESIM_SPEC_MARK="$MARK" ESIM_SPEC_SAID="$told" \
    timeout -k 5 $MOST $WRAP ${HOST:-$lua} "$PWD/spec/support/busted.lua" "$spec" >"$log" 2>&1
  status=$?
  result=$(grep -a '^esim-result ' "$log" | tail -n 1)
  p=${result#esim-result } f=${p#* } p=${p%% *}
  if [ -z "$result" ]; then
    echo "$lua $spec: ended without a result (status $status)" >>"$text"
    p=0 f=1
  elif { [ "$status" -ne 0 ] || [ "$p" -eq 0 ]; } && [ "$f" -eq 0 ]; then
    echo "$lua $spec: exit status $status, $p passed" >>"$text"
    f=1
  fi
  if grep -aq "$MARK" "$told" "$log"; then
    echo "$lua $spec: a token or a matching id was told:" >>"$text"
    grep -ah "$MARK" "$told" "$log" | head -n 5 >>"$text"
    f=$((f + 1))
  fi
  if [ "$f" -eq 0 ] && left=$(left_in "$folder") && [ -n "$left" ]; then
    echo "$lua $spec: has left in its folder:" $left >>"$text"
    f=1
  fi
  if [ "$f" -ne 0 ]; then
    grep -av '^esim-result' "$log" | tail -n 60 >>"$text"
    { echo "$lua $spec: $f failed"; tail -n 25 "$text"; } >>"$RESULTS.wrong"
  fi
  seconds=$(($(date +%s) - begun))
  echo "$lua $spec: $p passed, $f failed, $seconds s" >>"$text"
  cat "$text"
  echo "$p $f $seconds $lua $spec" >>"$RESULTS"
  rm -rf "$log" "$told" "$text" "$folder"
}

if [ "${1:-}" = one ]; then
  run_one "$2" "$3"
  exit 0
fi

# Every token and matching id of this run begins with it: see spec/support/leaks.lua.
MARK=MARK$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n' | tr a-f A-F)
TMPDIR=$(mktemp -d)
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 1' HUP INT TERM
RESULTS=$TMPDIR/results
: >"$RESULTS.wrong"
export MARK RESULTS BUILD WRAP HOST TMPDIR

for lua in "$@"; do
  for spec in $SPECS; do
    [ "$lua" != luajit ] && grep -q '^-- Only under LuaJIT' "$spec" && continue
    echo "$lua $spec"
  done
done >"$RESULTS.list"
count=$(wc -l <"$RESULTS.list")
xargs -P "$JOBS" -L 1 "$here/run.sh" one <"$RESULTS.list"
tail -n 100 "$RESULTS.wrong"
if [ "$count" -gt "$LONGEST" ]; then
  echo "longest:"
  sort -k 3 -n -r "$RESULTS" | head -n "$LONGEST" | while read -r _ _ seconds spec; do echo "  $seconds s $spec"; done
fi
passed=0 failed=0 ended=0
while read -r p f _; do
  passed=$((passed + p)) failed=$((failed + f)) ended=$((ended + 1))
done <"$RESULTS"
if [ "$ended" -ne "$count" ]; then
  echo "$((count - ended)) specs were not run to their end"
  failed=$((failed + count - ended))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
