#!/bin/sh
# Proves the direction of dependencies, by grep and nm.
cd "$(dirname "$0")/../.." || exit 1
archive=$1 bad=0

complain() {
  echo "layers: $1"
  bad=1
}

# $1: header; further: the files that may include it
only() {
  header=$1
  shift
  for file in $(grep -l "include <$header" csrc/*/*.[ch]); do
    case " $* " in *" $file "*) ;; *) complain "$file includes <$header>" ;; esac
  done
}

only curl/ csrc/core/wire.c csrc/core/slot.c csrc/core/slot.h csrc/core/url.c
only qrencode csrc/core/symbol.c
only png.h csrc/core/picture_png.c
grep -lE 'include [<"](lua|lauxlib|lualib)' csrc/core/*.[ch] && complain "the core includes Lua"
[ -f "$archive" ] && nm "$archive" | grep -E ' U (lua_|luaL_)' && complain "the core calls Lua"
grep -nE 'require[ (]*"esim\.(order|client|auth|profile|answer)' lua/esim/loop.lua lua/esim/loop/*.lua lua/esim/task.lua &&
  complain "the loop knows of orders"
grep -ln '"ngx_' csrc/*/*.[ch] | grep -v '^csrc/bind/nginx.c$' && complain "a symbol of nginx outside of csrc/bind/nginx.c"
grep -lE '(^|[^.[:alnum:]_])ngx\.[a-z]' $(find lua -name '*.lua' | grep -vE '^lua/esim/(loop/hosts|loop/nginx|(sandbox|web)(/.*)?)\.lua$') &&
  complain "nginx's Lua outside of its host"
grep -nE 'curl_|QRcode_|png_' csrc/bind/*.c && complain "the binding calls a foreign library"
grep -nE '^ *(if|for|while|function|local function)\>' lua/esim.lua && complain "esim.lua holds logic"
for header in csrc/*/*.h; do
  echo "#include \"$header\"" | gcc -std=c11 -D_GNU_SOURCE -fsyntax-only -I. $(pkg-config --cflags lua5.4) -x c - ||
    complain "$header does not compile alone"
done
[ "$bad" -eq 0 ] && echo "layers: clean"
exit "$bad"
