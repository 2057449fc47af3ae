#!/bin/sh
# Installs with apt what is missing for `demo`, `bench` or `test`; does nothing when all is there.
set -eu

build="gcc libc6-dev make pkg-config libcurl4-openssl-dev libqrencode-dev libpng-dev"
lua="lua5.4 liblua5.4-dev luajit2 libluajit2-5.1-dev lua-cjson"
nginx="nginx libnginx-mod-http-lua lua-resty-core openssl procps"
demo="$build $lua $nginx zbar-tools ca-certificates"
peers="lua-http lua-cqueues lua-luaossl python3-aiohttp python3-segno"
tests="lua5.3 liblua5.3-dev lua5.1 liblua5.1-0-dev lua-busted luarocks lua-check librsvg2-bin ghostscript python3 curl valgrind prometheus"
loops="lua-cqueues lua-luv lua-copas lua-socket lua-http"

case "${1:-test}" in
  demo) wanted="$demo" ;;
  bench) wanted="$demo curl wrk $peers" ;;
  *) wanted="$demo $tests $loops" ;;
esac

missing=""
for package in $wanted; do
  if ! dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$'; then
    missing="$missing $package"
  fi
done
[ -n "$missing" ] || exit 0

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
