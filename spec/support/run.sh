#!/bin/sh
# Runs the specs under each Lua given and sums up; last line: "N passed, N failed".
# SPECS: files instead of all; BUILD: another build folder; HOST: another interpreter; WRAP: a command to run
# it under. A spec that says `Only under LuaJIT`, because it tests nginx's own, is run under no other. A spec in which a
# token or a matching id is told counts one failure more. What failed is said once more at the end: a long log is read
# from there.
cd "$(dirname "$0")/../.." || exit 1
: "${SPECS:=$(ls spec/*_spec.lua spec/regress/*_spec.lua)}" "${BUILD:=build}" "${WRAP:=}"
passed=0 failed=0
log=$(mktemp) said=$(mktemp) wrong=$(mktemp)
trap 'rm -f "$log" "$said" "$wrong"' EXIT

# Every token and matching id of this run begins with it: see spec/support/leaks.lua.
mark=MARK$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n' | tr a-f A-F)

for lua in "$@"; do
  for spec in $SPECS; do
    [ "$lua" != luajit ] && grep -q '^-- Only under LuaJIT' "$spec" && continue
    : >"$said"
    env LUA_PATH="$PWD/lua/?.lua;$PWD/?.lua;;" LUA_CPATH="$PWD/$BUILD/$lua/?.so;;" \
      ESIM_LUA="${HOST:-$lua}" ESIM_SPEC_MARK="$mark" ESIM_SPEC_SAID="$said" \
      timeout -k 5 300 $WRAP ${HOST:-$lua} "$PWD/spec/support/busted.lua" "$spec" >"$log" 2>&1
    status=$?
    result=$(grep -a '^esim-result ' "$log" | tail -n 1)
    if [ -z "$result" ]; then
      echo "$lua $spec: ended without a result (status $status)"
      tail -n 30 "$log"
      { echo "$lua $spec: ended without a result (status $status)"; tail -n 15 "$log"; } >>"$wrong"
      failed=$((failed + 1))
      continue
    fi
    p=${result#esim-result } f=${p#* } p=${p%% *}
    if { [ "$status" -ne 0 ] || [ "$p" -eq 0 ]; } && [ "$f" -eq 0 ]; then
      echo "$lua $spec: exit status $status, $p passed"
      f=1
    fi
    if grep -aq "$mark" "$said" "$log"; then
      echo "$lua $spec: a token or a matching id was told:"
      grep -ah "$mark" "$said" "$log" | head -n 5
      f=$((f + 1))
    fi
    if [ "$f" -ne 0 ]; then
      grep -av '^esim-result' "$log" | tail -n 60
      { echo "$lua $spec: $f failed"; grep -av '^esim-result' "$log" | tail -n 25; } >>"$wrong"
    fi
    echo "$lua $spec: $p passed, $f failed"
    passed=$((passed + p)) failed=$((failed + f))
  done
done
tail -n 100 "$wrong"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
