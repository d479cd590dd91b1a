# GoChat. `make run` to chat, `make check` to test, `make help` for the rest. V=1 shows the commands.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DOCDIR ?= $(PREFIX)/share/doc/gochat
DATADIR ?= $(PREFIX)/share/gochat
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
APPDIR ?= $(PREFIX)/share/applications
BUILD ?= build
PKG_CONFIG ?= pkg-config
INSTALL ?= install

# A sanitized build (SAN=address,undefined or SAN=thread) lives in its own folder; so does whatever sets OUT.
comma := ,
OUT := $(BUILD)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
# The plain build puts its programs where people look for them.
TOP := $(if $(filter build,$(OUT)),,$(OUT)/)
PROGRAM := $(TOP)gochat
LOAD_PROGRAM := $(if $(wildcard bench/load/main.c),$(TOP)gochat-load)

PACKAGES := liburcu-qsbr liburcu-cds libsodium inih jansson libutf8proc libmicrohttpd ncursesw miniupnpc libseccomp libnats libqrencode
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PACKAGE_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
OTHER_LIBS := -lnatpmp -lunistring -lzxcvbn # have no file for pkg-config
TEST_LIBS := $(shell $(PKG_CONFIG) --libs cmocka vterm 2>/dev/null) -lm
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)

WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wconversion
HARDENING := -fstack-protector-strong -fstack-clash-protection $(if $(filter x86_64%,$(MACHINE)),-fcf-protection)
ifdef SAN
# The sanitizers check more than _FORTIFY_SOURCE does, and do not see through its wrappers.
HARDENING += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
else
HARDENING += -D_FORTIFY_SOURCE=2
endif
CFLAGS ?= -O2 -g
COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -I. $(PACKAGE_CFLAGS) $(WARNINGS) $(HARDENING) -fPIE -pthread $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(HARDENING) -pie -pthread -Wl,-z,relro,-z,now $(CFLAGS) $(LDFLAGS)

# Every program is its own object and these archives, so a new file needs no line here. Of an archive a program takes
# what it calls, so that a test can have a clock of its own in the place of ours and not meet ours again by what others need.
LIBRARY := $(OUT)/libgochat.a
BENCH_LIBRARY := $(OUT)/libbench.a
SUPPORT := $(OUT)/libsupport.a
SCENARIO_SUPPORT := $(OUT)/libscenario.a
objects = $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard $(1))))
LIBRARY_OBJECTS := $(call objects,common/*.c common/*/*.c bootnode/*.c bootnode/*/*.c client/*.c client/*/*.c)
LOAD_MAIN := $(OUT)/bench/load/main.o
BENCH_OBJECTS := $(filter-out $(LOAD_MAIN),$(call objects,bench/load/*.c bench/support/*.c))
YARDSTICK_OBJECTS := $(call objects,bench/*.c)
MICRO_OBJECTS := $(call objects,bench/micro/*.c)
SUPPORT_OBJECTS := $(call objects,tests/support/*.c)
CROWD := $(call objects,tests/crowd/*.c)
SCENARIO_SUPPORT_OBJECTS := $(call objects,tests/scenario/support/*.c)
UNIT_OBJECTS := $(call objects,tests/unit/*/test_*.c tests/unit/*/*/test_*.c)
SCENARIO_OBJECTS := $(call objects,tests/scenario/test_*.c)
TOOL_OBJECTS := $(call objects,tests/tools/*.c)
FUZZ_OBJECTS := $(call objects,tests/fuzz/fuzz_*.c)
OBJECTS := $(OUT)/gochat.o $(OUT)/tests/fuzz/replay.o $(LIBRARY_OBJECTS) $(SUPPORT_OBJECTS) $(CROWD) \
	$(SCENARIO_SUPPORT_OBJECTS) $(UNIT_OBJECTS) $(SCENARIO_OBJECTS) $(TOOL_OBJECTS) $(FUZZ_OBJECTS) \
	$(LOAD_MAIN) $(BENCH_OBJECTS) $(YARDSTICK_OBJECTS) $(MICRO_OBJECTS)

UNITS := $(UNIT_OBJECTS:.o=)
SCENARIOS := $(SCENARIO_OBJECTS:.o=)
TOOLS := $(TOOL_OBJECTS:$(OUT)/tests/tools/%.o=$(OUT)/tests/%)
PRELOADS := $(if $(SAN),,$(patsubst tests/preload/%.c,$(OUT)/tests/%.so,$(sort $(wildcard tests/preload/*.c))))
FUZZERS := $(FUZZ_OBJECTS:$(OUT)/tests/fuzz/%.o=$(OUT)/tests/%)
YARDSTICKS := $(YARDSTICK_OBJECTS:%.o=%)
MICROS := $(MICRO_OBJECTS:$(OUT)/bench/micro/%.o=$(OUT)/bench/%)

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(2)'
MAKEFLAGS += --no-print-directory
endif

.PHONY: all tests fuzzers benchmarks deps run run-cluster check check-long check-fresh lint coverage dist deb fuzz bench bench-peers \
	bench-micro bench-terminal screenshot install uninstall clean help
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAM) $(LOAD_PROGRAM)
tests: $(UNITS) $(SCENARIOS) $(TOOLS) $(PRELOADS) $(FUZZERS)
fuzzers: $(FUZZERS)
benchmarks: $(YARDSTICKS) $(MICROS)
all tests fuzzers benchmarks:
	@:

# By this name from every build.
ifneq ($(LOAD_PROGRAM),gochat-load)
.PHONY: gochat-load
gochat-load: $(LOAD_PROGRAM)
	@:
endif

$(OUT)/%.o: %.c
	$(if $(PACKAGE_LIBS),,$(error A library is missing ($(PACKAGES)): run "make deps"))
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# It takes the page in as it is, which the compiler does not tell.
$(OUT)/bootnode/ops/status_page.o: bootnode/ops/status_page.html

# Made anew each time: ar would keep the object of a file that was removed.
$(LIBRARY): $(LIBRARY_OBJECTS)
$(BENCH_LIBRARY): $(BENCH_OBJECTS)
$(SUPPORT): $(SUPPORT_OBJECTS)
$(SCENARIO_SUPPORT): $(SCENARIO_SUPPORT_OBJECTS)
$(LIBRARY) $(BENCH_LIBRARY) $(SUPPORT) $(SCENARIO_SUPPORT):
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

define link
$(call say,LD,$@)
@mkdir -p $(@D)
$(Q)$(LINK) -o $@ $^ $(1) $(PACKAGE_LIBS) $(OTHER_LIBS)
endef

$(PROGRAM): $(OUT)/gochat.o $(LIBRARY)
	$(call link)

$(LOAD_PROGRAM): $(LOAD_MAIN) $(BENCH_LIBRARY) $(LIBRARY)
	$(call link)

# Many clients in one process, and who checks what they are told.
CROWD_UNITS := $(filter $(OUT)/tests/unit/crowd/%,$(UNITS))
PEOPLE := $(OUT)/tests/people
$(PEOPLE): $(OUT)/tests/tools/people.o $(CROWD) $(SUPPORT) $(LIBRARY)
	$(call link,$(TEST_LIBS))

$(CROWD_UNITS): %: %.o $(CROWD) $(SUPPORT) $(LIBRARY)
	$(call link,$(TEST_LIBS))

$(filter-out $(CROWD_UNITS),$(UNITS)): %: %.o $(SUPPORT) $(BENCH_LIBRARY) $(LIBRARY)
	$(call link,$(TEST_LIBS))

$(SCENARIOS): %: %.o $(SCENARIO_SUPPORT) $(SUPPORT) $(BENCH_LIBRARY) $(LIBRARY)
	$(call link,$(TEST_LIBS))

$(filter-out $(PEOPLE),$(TOOLS)): $(OUT)/tests/%: $(OUT)/tests/tools/%.o $(SUPPORT) $(LIBRARY)
	$(call link,$(TEST_LIBS))

$(PRELOADS): $(OUT)/tests/%.so: tests/preload/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -shared -fPIC -o $@ $<

$(YARDSTICKS): %: %.o $(LIBRARY)
	$(call link)

# They borrow the guests and clients of the tests.
$(MICROS): $(OUT)/bench/%: $(OUT)/bench/micro/%.o $(SCENARIO_SUPPORT) $(SUPPORT) $(BENCH_LIBRARY) $(LIBRARY)
	$(call link,$(TEST_LIBS))

# FUZZ_ENGINE=-fsanitize=fuzzer brings a main of its own. A member needs a world to be in.
FUZZ_MAIN := $(if $(FUZZ_ENGINE),,$(OUT)/tests/fuzz/replay.o)
FUZZ_MEMBER := $(OUT)/tests/fuzz_member
$(FUZZ_MEMBER): $(OUT)/tests/fuzz/fuzz_member.o $(FUZZ_MAIN) $(SCENARIO_SUPPORT) $(SUPPORT) $(BENCH_LIBRARY) $(LIBRARY)
	$(call link,$(FUZZ_ENGINE) $(TEST_LIBS))

$(filter-out $(FUZZ_MEMBER),$(FUZZERS)): $(OUT)/tests/%: $(OUT)/tests/fuzz/%.o $(FUZZ_MAIN) $(LIBRARY)
	$(call link,$(FUZZ_ENGINE))

# What follows installs what it needs and then calls make again, which finds the libraries just installed. That one takes
# part in the jobs of make -jN; without, it has one for each processor.
JOBS ?= $(shell nproc)
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
deps:
	@.ci/deps build cluster test lint

run:
	@.ci/deps build
	@echo 'make: building the program'
	@$(MAKE) $(PARALLEL) all
	@GOCHAT=$(abspath $(PROGRAM)) DATA=$(abspath $(OUT)/run) client/demo/demo.sh

# Three NATS servers and three bootnodes on loopback, with the state of the whole; Ctrl-C ends all.
run-cluster:
	@.ci/deps build cluster
	@echo 'make: building the program'
	@$(MAKE) $(PARALLEL) all
	@GOCHAT=$(abspath $(PROGRAM)) PACKAGED=$(CURDIR)/tests/packaged conf/cluster/run

# tests/natlab/hostile wants a sanitized program, whatever the others run.
HOSTILE := $(if $(SAN),,$(if $(T),$(filter natlab/hostile,$(T)),yes))
# Of a sanitized build, as many tests as will run.
TESTS = $(if $(and $(SAN),$(if $(T),,all),$(filter check,$@)),$(TOOLS) $$(OUT=$(abspath $(OUT)) SAN=$(SAN) tests/run --programs all),tests)
check check-long:
	@.ci/deps build cluster test bench
	@echo 'make: building the program and its tests$(if $(SAN), with -fsanitize=$(SAN)), up to $(words $(OBJECTS)) files'
	@$(MAKE) $(PARALLEL) all $(TESTS) $(YARDSTICKS)
	$(if $(HOSTILE),@echo 'make: building the program with -fsanitize=address$(comma)undefined for natlab/hostile')
	$(if $(HOSTILE),@$(MAKE) $(PARALLEL) CFLAGS='$(filter-out -Werror,$(CFLAGS))' SAN=address$(comma)undefined OUT=$(OUT)/san-address-undefined all)
	@GOCHAT=$(abspath $(PROGRAM)) OUT=$(abspath $(OUT)) SAN=$(SAN) tests/run $(if $(T),$(T),$(@:check%=all%))

# In a build of its own, but where all is built with -Werror anyway (.ci/run).
lint:
	@.ci/deps build cluster test lint
	@$(MAKE) $(PARALLEL) $(if $(filter -Werror,$(CFLAGS)),,OUT=$(BUILD)/lint CFLAGS='-O2 -g -Werror') all tests benchmarks
	@echo 'ok lint: gcc -Werror'
	@.ci/lint

# Which lines the tests run, in a build of its own; T= as for check.
coverage:
	@.ci/deps build cluster test bench
	@$(MAKE) $(PARALLEL) OUT=$(BUILD)/coverage CFLAGS='-Og -g --coverage -fprofile-update=atomic -DGOCHAT_COVERAGE' all tests
	$(if $(HOSTILE),@$(MAKE) $(PARALLEL) SAN=address$(comma)undefined OUT=$(BUILD)/coverage/san-address-undefined all)
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@GOCHAT=$(abspath $(BUILD)/coverage/gochat) OUT=$(abspath $(BUILD)/coverage) tests/run $(or $(T),all)
	@.ci/coverage $(BUILD)/coverage

# What git has of this version, as one archive: the same bytes each time.
VERSION = $(shell sed -n 's/^.define GOCHAT_VERSION "\(.*\)"/\1/p' common/version.h)
dist:
	@mkdir -p $(BUILD)
	git archive --prefix=gochat-$(VERSION)/ -o $(BUILD)/gochat-$(VERSION).tar.gz HEAD

# Debian packages of the working tree as it is, into build/.
deb:
	@.ci/deps build package
	@BUILD=$(BUILD) VERSION=$(VERSION) .ci/deb

# A Debian with nothing in it: both commands of the README, then the packages and the container. FRESH= names steps.
check-fresh:
	@T='$(T)' JOBS='$(JOBS)' MIRROR='$(MIRROR)' tests/fresh $(FRESH)

# libFuzzer on every target for FUZZ_TIME seconds each.
fuzz:
	@.ci/deps build test lint
	@$(MAKE) $(PARALLEL) CC=clang OUT=$(BUILD)/fuzz SAN=address,undefined,fuzzer-no-link FUZZ_ENGINE=-fsanitize=fuzzer fuzzers
	@OUT=$(BUILD)/fuzz tests/fuzz/run

# The load generator measures; bench/run starts the servers and makes tables and plots of what it says.
bench:
	@.ci/deps build test bench
	@$(MAKE) $(PARALLEL) all benchmarks
	@OUT=$(abspath $(OUT)) bench/run

bench-peers:
	@.ci/deps build test bench peers
	@$(MAKE) $(PARALLEL) all benchmarks
	@OUT=$(abspath $(OUT)) bench/run --peers

bench-micro:
	@.ci/deps build test
	@$(MAKE) $(PARALLEL) $(MICROS)
	@OUT=$(abspath $(OUT)) bench/micro/run

bench-terminal:
	@.ci/deps build test
	@$(MAKE) $(PARALLEL) all $(OUT)/tests/terminal
	@GOCHAT=$(abspath $(PROGRAM)) OUT=$(abspath $(OUT)) bench/terminal

screenshot:
	@.ci/deps build test
	@$(MAKE) $(PARALLEL) all $(OUT)/tests/terminal
	@GOCHAT=$(abspath $(PROGRAM)) OUT=$(abspath $(OUT)) client/demo/screenshot

# What is installed. The documentation has the folders of the sources, so that its links work; what others read from a
# place of its own (samples, rules, the unit) is linked to from there.
MANUALS := $(wildcard conf/*.1 conf/*.5 conf/*.8)
SERVICES := $(wildcard conf/*.service conf/*.socket)
SAMPLES := $(wildcard conf/*.ini conf/*.yml conf/*.json)
CLUSTER := $(wildcard conf/cluster/*.ini conf/cluster/*.conf conf/cluster/*.md)
CLUSTER_PROGRAMS := conf/cluster/make-keys conf/cluster/run
DOCUMENTS := README.md ARCHITECTURE.md CONTRIBUTING.md NEWS SECURITY.md LICENSE Containerfile common/PROTOCOL.md bench/README.md \
	$(wildcard doc/*.md client/demo/*.svg bench/results/*)
PROGRAMS := $(PROGRAM) $(LOAD_PROGRAM)
sections := 1 5 8
in = $(addprefix $(DESTDIR)$(1)/,$(notdir $(2)))
# What names places, with /usr/local for the prefix, in its place.
NAMING = $(foreach section,$(sections),$(call in,$(MANDIR)/man$(section),$(filter %.$(section),$(MANUALS)))) \
	$(call in,$(UNITDIR),$(SERVICES)) $(call in,$(DATADIR),$(SAMPLES)) $(call in,$(DATADIR)/cluster,$(CLUSTER))
INSTALLED = $(call in,$(BINDIR),gochat $(if $(LOAD_PROGRAM),gochat-load)) $(NAMING) \
	$(call in,$(SYSUSERSDIR),gochat-bootnode.conf) $(call in,$(BASHDIR),gochat gochat-load) \
	$(call in,$(ZSHDIR),_gochat) $(call in,$(FISHDIR),gochat.fish gochat-load.fish) $(call in,$(APPDIR),gochat.desktop)
define newline


endef
define put
$(Q)$(INSTALL) -d $(DESTDIR)$(1)
$(Q)$(if $(2),$(INSTALL) -m $(or $(3),0644) $(2) $(DESTDIR)$(1))
endef
install: all
	$(call put,$(BINDIR),$(PROGRAMS),0755)
	$(foreach section,$(sections),$(call put,$(MANDIR)/man$(section),$(filter %.$(section),$(MANUALS)))$(newline))
	$(call put,$(UNITDIR),$(SERVICES))
	$(Q)$(INSTALL) -D -m 0644 conf/gochat-bootnode.sysusers $(DESTDIR)$(SYSUSERSDIR)/gochat-bootnode.conf
	$(call put,$(DATADIR),$(SAMPLES))
	$(call put,$(DATADIR)/cluster,$(CLUSTER))
	$(call put,$(DATADIR)/cluster,$(CLUSTER_PROGRAMS),0755)
	$(call put,$(BASHDIR),$(addprefix conf/completion/bash/,gochat gochat-load))
	$(call put,$(ZSHDIR),conf/completion/zsh/_gochat)
	$(call put,$(FISHDIR),$(addprefix conf/completion/fish/,gochat.fish gochat-load.fish))
	$(call put,$(APPDIR),conf/gochat.desktop)
	$(Q)for file in $(DOCUMENTS); do $(INSTALL) -D -m 0644 $$file $(DESTDIR)$(DOCDIR)/$$file || exit 1; done
	$(Q)$(INSTALL) -d $(DESTDIR)$(DOCDIR)/conf
	$(Q)ln -sfr $(call in,$(DATADIR),$(SAMPLES)) $(call in,$(UNITDIR),$(SERVICES)) $(DESTDIR)$(DATADIR)/cluster $(DESTDIR)$(DOCDIR)/conf
	$(Q)sed -i 's|/usr/local/bin/|$(BINDIR)/|g; s|/usr/local/share/doc/gochat|$(DOCDIR)|g; s|/usr/local/share/gochat|$(DATADIR)|g' \
		$(NAMING)

uninstall:
	$(Q)rm -f $(INSTALLED)
	$(Q)rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)

clean:
	$(Q)rm -rf $(BUILD) gochat gochat-load

help:
	@printf '%s\n' \
	'make                    builds ./gochat and ./gochat-load' \
	'make run                sets everything up and opens a chat on this machine' \
	'make run-cluster        runs a cluster of three bootnodes on this machine, and shows its state' \
	'make check              runs all tests; T="unit/test_bytes e2e/rooms" a selection, SAN=thread sanitized' \
	'                        (of all tests those in which that sanitizer can find something)' \
	'make check-long         the tests that take long, too, and all under SAN' \
	'                        both build with JOBS=N jobs, as many as there are processors if neither it nor -j is given' \
	'make check-fresh        as root: the README, the packages and the container in a Debian with nothing in it' \
	'make lint               formatting and static analysis' \
	'make coverage           which lines the tests run, by folder' \
	'make fuzz FUZZ_TIME=60  libFuzzer over every decoder' \
	'make bench              measures the bootnode; bench/README.md says what' \
	'make bench-peers        the same for coturn, Knot DNS and opentracker, which it unpacks into build' \
	'make bench-micro        tables, queue, codec, timing wheel one by one' \
	'make bench-terminal     the screen: keys, start, memory' \
	'make screenshot         makes client/demo/screenshot.svg from a real run' \
	'make deps               installs the Debian packages that are missing' \
	'make dist               an archive of the sources' \
	'make deb                Debian packages gochat, gochat-bootnode and gochat-load, in build' \
	'make install            PREFIX=/usr/local, DESTDIR=; and uninstall' \
	'make clean              removes what was built'

-include $(wildcard $(OBJECTS:.o=.d))
