#!/bin/sh
# Installs what is missing for `demo`, `bench`, `test` or `pictures`, with apt and, for the last two, what drives the
# browser with npm; does nothing when all is there.
set -eu

build="gcc libc6-dev make pkg-config libcurl4-openssl-dev libqrencode-dev libpng-dev"
lua="lua5.4 liblua5.4-dev luajit2 libluajit2-5.1-dev lua-cjson"
nginx="nginx libnginx-mod-http-lua lua-resty-core openssl procps"
demo="$build $lua $nginx zbar-tools ca-certificates"
peers="lua-http lua-cqueues lua-luaossl python3-aiohttp python3-segno"
tests="lua5.3 liblua5.3-dev lua5.1 liblua5.1-0-dev lua-busted luarocks lua-check librsvg2-bin ghostscript locales python3 curl valgrind prometheus"
loops="lua-cqueues lua-luv lua-copas lua-socket lua-http"
browser="chromium fonts-dejavu-core"
driver="playwright-core@1.61.1 axe-core@4.14.1"  # the last that runs on Debian 12's node

case "${1:-test}" in
  demo) wanted="$demo" driver="" ;;
  bench) wanted="$demo curl wrk $peers" driver="" ;;
  pictures) wanted="$demo curl $browser fonts-roboto-unhinted pngquant" ;;
  *) wanted="$demo $tests $loops $browser" ;;
esac
# whoever has node from elsewhere keeps it
if [ -n "$driver" ]; then
  for command in node:nodejs npm:npm; do
    command -v "${command%:*}" >/dev/null || wanted="$wanted ${command#*:}"
  done
fi

drive() {
  [ -z "$driver" ] || "$(dirname "$0")/npm.sh" "$(dirname "$0")/../../build/browser" $driver
}

missing=""
for package in $wanted; do
  if ! dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$'; then
    missing="$missing $package"
  fi
done
if [ -z "$missing" ]; then
  drive
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "esim: apt-get is not here; please install the equivalents of:$missing" >&2
  exit 1
fi
root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "esim: needs root or sudo to install:$missing" >&2
    exit 1
  fi
  root="sudo"
fi

# nginx must not come up as a service because we want its program
policy=/usr/sbin/policy-rc.d
undo() { :; }
if [ ! -e "$policy" ]; then
  undo() { $root rm -f "$policy"; }
  trap undo EXIT
  trap 'exit 1' INT TERM
  printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
  $root chmod 755 "$policy"
fi

log=$(mktemp)
echo "esim: installing with apt:$missing"
if ! { $root apt-get update -q && $root env DEBIAN_FRONTEND=noninteractive \
       apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "esim: apt could not install what is missing (the whole log: $log)" >&2
  exit 1
fi
rm -f "$log"
echo "esim: installed"
drive
