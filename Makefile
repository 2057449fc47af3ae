LUA = lua5.4
LUAS = lua5.4 lua5.3 lua5.1 luajit
PREFIX = /usr/local
ABI = $(if $(filter luajit,$(LUA)),5.1,$(LUA:lua%=%))
LUADIR = $(PREFIX)/share/lua/$(ABI)
LIBDIR = $(PREFIX)/lib/lua/$(ABI)

CC = gcc
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wvla
CFLAGS = -O2 -g
FLAGS = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread -MMD -MP $(WARNINGS) $(CFLAGS)
CORE_LIBS = $(shell pkg-config --libs libcurl libqrencode libpng) -lm -pthread
LUA_CFLAGS = $(shell pkg-config --cflags $(LUA))

BUILD = build
CORE = $(patsubst csrc/core/%.c,$(BUILD)/core/%.o,$(wildcard csrc/core/*.c))
BIND = $(patsubst csrc/bind/%.c,$(BUILD)/$(LUA)/bind/%.o,$(wildcard csrc/bind/*.c))
MODULE = $(BUILD)/$(LUA)/esim/core.so
LUA_FILES = $(shell find lua -name '*.lua')

all: $(MODULE)

$(BUILD)/core/%.o: csrc/core/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c $< -o $@

$(BUILD)/libesim.a: $(CORE)
	$(AR) rcs $@ $^

$(BUILD)/$(LUA)/bind/%.o: csrc/bind/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(LUA_CFLAGS) -c $< -o $@

$(MODULE): $(BIND) $(BUILD)/libesim.a
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(LDFLAGS) -shared -Wl,-z,nodelete -o $@ $^ $(CORE_LIBS)

# What the specs need of the system and Lua does not give: fork, sockets.
$(BUILD)/$(LUA)/esim_%.so: spec/support/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(LUA_CFLAGS) -shared -o $@ $<

SPEC_HELPERS = process peer failing stream worker refusing counting
specs: $(MODULE) $(SPEC_HELPERS:%=$(BUILD)/$(LUA)/esim_%.so)

env:
	@echo 'export LUA_PATH="$(CURDIR)/lua/?.lua;;" LUA_CPATH="$(CURDIR)/$(BUILD)/$(LUA)/?.so;;"'

setup:
	@spec/support/setup.sh test

demo:
	@spec/support/setup.sh demo
	@$(MAKE) -s LUA=lua5.4 all
	@$(MAKE) -s LUA=luajit all
	@mkdir -p $(BUILD)/demo
	@eval "$$($(MAKE) -s env LUA=lua5.4)" && lua5.4 spec/support/demo.lua $(BUILD)/demo

sandbox:
	@spec/support/setup.sh demo
	@$(MAKE) -s LUA=lua5.4 all
	@$(MAKE) -s LUA=luajit all
	@eval "$$($(MAKE) -s env LUA=lua5.4)" && lua5.4 -e 'require("esim.sandbox").serve { cpath = "$(CURDIR)/$(BUILD)/luajit/?.so" }'

test:
	@spec/support/setup.sh test
	@for lua in $(LUAS); do $(MAKE) -s LUA=$$lua specs || exit 1; done
	@spec/support/run.sh $(LUAS)

check: lint layers test asan tsan valgrind

lint:
	luacheck -q lua spec

layers:
	@spec/support/layers.sh $(BUILD)/libesim.a

# All, or those that are named: BENCH="exchange qr".
bench:
	@spec/support/setup.sh bench
	@$(MAKE) -s LUA=luajit all
	@$(MAKE) -s LUA=lua5.4 specs
	@eval "$$($(MAKE) -s env LUA=lua5.4)" && spec/bench/run.sh $(BENCH)

# README.md's, from the running software.
pictures:
	@spec/support/setup.sh pictures
	@$(MAKE) -s LUA=lua5.4 all
	@$(MAKE) -s LUA=luajit all
	@mkdir -p spec/pictures
	@eval "$$($(MAKE) -s env LUA=lua5.4)" && \
	  FONTCONFIG_FILE=$(CURDIR)/spec/support/pictures/fonts.conf lua5.4 spec/support/pictures.lua

# The interpreter itself is linked with the sanitizer: preloading it would reach nginx too.
asan: SANITIZE = address
tsan: SANITIZE = thread
asan tsan:
	@$(MAKE) -s LUA=luajit all
	@$(MAKE) -s LUA=lua5.4 specs
	@$(MAKE) -s BUILD=build/$@ LUA=lua5.4 CFLAGS='-O1 -g -fsanitize=$(SANITIZE) -fno-omit-frame-pointer' specs
	$(CC) -g -fsanitize=$(SANITIZE) spec/support/host.c -o build/$@/host $(shell pkg-config --cflags --libs lua5.4)
	BUILD=build/$@ HOST="setarch -R $(CURDIR)/build/$@/host" TSAN_OPTIONS=die_after_fork=0 spec/support/run.sh lua5.4

valgrind:
	@$(MAKE) -s LUA=lua5.4 specs
	SPECS='spec/engine_spec.lua spec/cut_spec.lua spec/flow_spec.lua spec/symbol_spec.lua $(wildcard spec/regress/*_spec.lua)' WRAP='valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' spec/support/run.sh lua5.4

install: $(MODULE)
	install -d $(DESTDIR)$(LIBDIR)/esim
	install -m 755 $(MODULE) $(DESTDIR)$(LIBDIR)/esim/core.so
	@for file in $(LUA_FILES:lua/%=%); do install -D -m 644 lua/$$file $(DESTDIR)$(LUADIR)/$$file || exit 1; done

uninstall:
	rm -rf $(DESTDIR)$(LIBDIR)/esim $(DESTDIR)$(LUADIR)/esim $(DESTDIR)$(LUADIR)/esim.lua

clean:
	rm -rf build

-include $(CORE:.o=.d) $(BIND:.o=.d)

.PHONY: all specs env setup demo sandbox test check bench pictures lint layers asan tsan valgrind install uninstall clean
