# SPDX-License-Identifier: Apache-2.0
# Tests. Unit tests and fuzzers run on the host under ASan and UBSan; each links what it needs from an archive of its world (ring 0, or monitor and
# host tool). A file tests/unit/FOLDER/x.c that is no test_*.c is linked into every test of the folder.

T := $(O)/tests
HOST_CONFIG := $(T)/config.h
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TEST_INCLUDES := -I. -Ipartitions/monitor -Itools/nestbox -I$(T) -isystem $(MBEDTLS_HOST_DIR)/include -isystem /usr/include/p11-kit-1
TEST_FLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Wno-unused-parameter -D_GNU_SOURCE -include $(HOST_CONFIG) -MMD -MP $(TEST_INCLUDES)

RING0_SOURCES := $(filter-out bsp/memory/string.c bsp/newlib/% bsp/disk/% bsp/net/% bsp/pci/%,$(wildcard bsp/*/*.c)) $(wildcard kernel/*.c kernel/vmx/*.c nested/*.c)
RING3_SOURCES := $(filter-out %/keyring_release.c %/crypto_heap.c %/gdb_off.c,$(wildcard partitions/monitor/*.c partitions/monitor/*/*.c)) $(wildcard bsp/disk/*.c bsp/net/*.c bsp/pci/*.c) \
	$(filter-out %/main.c,$(wildcard tools/nestbox/*.c)) $(wildcard tests/common/*.c)

$(HOST_CONFIG): configs/bochs_small_defconfig Kconfig tools/config.py $(O)/nestbox
	$(Q)mkdir -p $(T) && $(PYTHON) tools/config.py load $< $(T)/.config && $(CONFIGURE) generate $(T)/.config $(T)
	$(Q)echo "#define CONFIG_ROLE_UUID $$($(O)/nestbox role --c-array test)" >$(T)/role.h
	$(Q)$(O)/nestbox layout --pins $(T)/.config >>$(T)/role.h

$(T)/san/%.o: %.c $(HOST_CONFIG)
	$(call say,CC $< (sanitized))
	$(Q)mkdir -p $(@D) && $(CC) $(TEST_FLAGS) -Itests/unit/$(notdir $(patsubst %/,%,$(dir $<))) -Itests/unit/image $(SANITIZE) -c $< -o $@

$(T)/ring0.a: $(RING0_SOURCES:%.c=$(T)/san/%.o)
	$(Q)rm -f $@ && ar rcs $@ $^
$(T)/ring3.a: $(RING3_SOURCES:%.c=$(T)/san/%.o) $(O)/monitor/acpi/dsdt.o
	$(Q)rm -f $@ && ar rcs $@ $^

world = $(if $(filter bsp kernel nested,$(1)),$(T)/ring0.a,$(T)/ring3.a)
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*/test_*.c))
unit_folder = $(patsubst %/,%,$(dir $(1)))
# what others need: keys and images made on the spot, a board that is played
borrows = $(if $(filter tools update,$(1)),image)$(if $(filter net,$(1)),disk)
unit_sources = $(wildcard $(foreach d,$(1) $(borrows),tests/unit/$(d)/*.c))
unit_helpers = $(patsubst %.c,$(T)/san/%.o,$(foreach f,$(unit_sources),$(if $(filter test_%,$(notdir $(f))),,$(f))))

# a release build's policy instead of the development one
unit_extra = $(if $(filter image/test_release,$(1)),$(T)/san/partitions/monitor/image/keyring_release.o)

define unit_test
$(T)/unit/$(1): $(T)/san/tests/unit/$(1).o $(call unit_extra,$(1)) $(call unit_helpers,$(call unit_folder,$(1))) $(call world,$(call unit_folder,$(1)))
	$$(call say,LD $$@)
	$(Q)mkdir -p $$(@D) && $(CC) $(SANITIZE) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $(MBEDTLS_HOST_DIR)/lib/libmbedcrypto.a -lcmocka -llz4 $(if $(filter tools,$(call unit_folder,$(1))),-lblkid -lmicrohttpd -pthread)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t))))

## MONITOR_TEST=fiend: a monitor that does what its guest says, in builds of the system tests (tests/system/monitor/)

ifneq ($(MONITOR_TEST),)
$(if $(CONFIG_RELEASE),$(error a release has no monitor of the tests: leave MONITOR_TEST out))
MONITOR_TEST_OBJECT := $(T)/monitor/$(MONITOR_TEST).o
$(MONITOR_TEST_OBJECT): tests/system/monitor/$(MONITOR_TEST).c tests/system/monitor/$(MONITOR_TEST).h $(BASE)
	$(Q)mkdir -p $(@D) && $(CC) $(RING3) -I. -I$(O)/include/monitor -c $< -o $@
$(O)/monitor.elf: $(MONITOR_TEST_OBJECT)
$(O)/monitor.elf: MONITOR_LINK := -Wl,--wrap=board_port_out
endif

## Built as what ships is built: how fast hashing is on the host, what the box's own verifier needs

PLAIN := $(T)/unit/plain
PLAIN_HOST := -std=gnu11 -O2 -g -D_GNU_SOURCE -Ipartitions/monitor -isystem $(MBEDTLS_HOST_DIR)/include
VERIFIER := $(patsubst partitions/monitor/%.c,$(O)/monitor/%.o,$(filter-out %/keyring_release.c,$(wildcard partitions/monitor/image/*.c)))
VERIFIER_ENTRIES := image_verify_manifest image_load_payload image_verify_whole keyring_newest keyring_file_succeeds crypto_heap_init image_error_text

$(PLAIN)/test_sha256_speed: tests/plain/test_sha256_speed.c $(IMAGE_SOURCES:%=$(O)/tool/%.o)
	$(call say,LD $@)
	$(Q)mkdir -p $(@D) && $(CC) $(PLAIN_HOST) -o $@ $^ $(O)/tool/partitions/monitor/image/keyring_dev.o \
		$(MBEDTLS_HOST_DIR)/lib/libmbedcrypto.a -lcmocka

$(PLAIN)/test_flips: tests/plain/test_flips.c tests/unit/image/fixture.c $(filter-out %/main.o,$(TOOL:%=$(O)/tool/%.o))
	$(call say,LD $@)
	$(Q)mkdir -p $(@D) && $(CC) $(PLAIN_HOST) -Itools/nestbox -Itests/unit/image -o $@ $^ $(MBEDTLS_HOST_DIR)/lib/libmbedcrypto.a -lcmocka -lblkid -llz4 -lmicrohttpd -pthread

# what the linker keeps when nothing but verification is wanted; memcpy and its like belong to the C library
$(T)/verifier.text: $(VERIFIER)
	$(Q)mkdir -p $(@D) && $(CC) -nostdlib -static $(NO_PIE) -Wl,--gc-sections,--build-id=none,--unresolved-symbols=ignore-all,-e,image_verify_whole \
		$(VERIFIER_ENTRIES:%=-Wl,-u,%) -o $(@:.text=.elf) $^ $(MBEDTLS_BOX_DIR)/lib/libmbedcrypto.a
	$(Q)size -A $(@:.text=.elf) | sed -n 's/^\.text *\([0-9]*\).*/\1/p' >$@

# the box's objects in a host program, with files to verify
$(PLAIN)/test_verifier.bin: tests/plain/test_verifier.c $(VERIFIER) $(T)/verifier.text
	$(call say,LD $@)
	$(Q)mkdir -p $(@D) && $(CC) $(PLAIN_HOST) $(NO_PIE) -fno-pie -o $@ $(filter %.c %.o,$^) $(MBEDTLS_BOX_DIR)/lib/libmbedcrypto.a -lcmocka
$(PLAIN)/test_verifier: $(PLAIN)/test_verifier.bin $(O)/nestbox
	$(Q)rm -rf $@.files && mkdir -p $@.files && cd $@.files && tool=$(abspath $(O)/nestbox) && for k in k root; do \
		$$tool key make --role $$(test $$k = k && echo dev || echo root) --out $$k >/dev/null; done && head -c 300000 $$tool >initrd && \
		$$tool key rotate --add k.pub -o keyring >/dev/null && $$tool key sign --key root.key keyring >/dev/null && \
		$(PYTHON) -c 'import struct;b=bytearray(5000);b[0x1fe:0x200]=b"\x55\xaa";b[0x202:0x208]=b"HdrS\x0f\x02";b[0x211]=1;b[0x236]=1;open("linux","wb").write(b)' && \
		$$tool image create --kernel linux --initrd initrd --tree --partition t --key k.key -o image >/dev/null
	$(Q)printf '#!/bin/sh\nexec %s %s %s/image %s/k.pub %s/keyring %s/root.pub\n' $< $(T)/verifier.text $@.files $@.files $@.files $@.files >$@ && chmod +x $@

# every bit for `make test`, else a sample
FLIP_STEP := $(if $(filter test,$(MAKECMDGOALS)),1,29)
PLAIN_TESTS := $(PLAIN)/test_sha256_speed $(PLAIN)/test_verifier $(PLAIN)/test_flips

unit: $(UNIT_TESTS:%=$(T)/unit/%) $(PLAIN_TESTS) $(O)/nestbox ## run the unit tests
	$(Q)NESTBOX_FLIP_STEP=$(FLIP_STEP) $(PYTHON) tests/run_unit.py $(UNIT_TESTS:%=$(T)/unit/%) $(PLAIN_TESTS) -- $(wildcard tests/unit/*/test_*.py) $(O)/nestbox

## Line coverage of what decides: the part of nested/ that needs no CPU (files with a unit test of their name, and their headers), and all of update/

COVERED_nested := $(foreach t,$(filter nested/test_%,$(UNIT_TESTS)),$(wildcard $(t:nested/test_%=nested/%.c) $(t:nested/test_%=nested/%.h)))
COVERED_update := $(wildcard partitions/monitor/update/*.[ch])
COVERAGE_LEAST_nested := 90
COVERAGE_LEAST_update := 95
coverage_tests = $(filter $(1)/test_%,$(UNIT_TESTS))

$(T)/cov/%.o: %.c $(HOST_CONFIG)
	$(call say,CC $< (coverage))
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -O1,$(TEST_FLAGS)) -O0 -Itests/unit/$(notdir $(patsubst %/,%,$(dir $<))) -Itests/unit/image --coverage -c $< -o $@
$(T)/cov/ring0.a: $(RING0_SOURCES:%.c=$(T)/cov/%.o)
	$(Q)rm -f $@ && ar rcs $@ $^
$(T)/cov/ring3.a: $(RING3_SOURCES:%.c=$(T)/cov/%.o) $(O)/monitor/acpi/dsdt.o
	$(Q)rm -f $@ && ar rcs $@ $^
define coverage_test
$(T)/cov/$(1): $(T)/cov/tests/unit/$(1).o $(patsubst $(T)/san/%,$(T)/cov/%,$(call unit_helpers,$(call unit_folder,$(1)))) \
		$(patsubst $(T)/%,$(T)/cov/%,$(call world,$(call unit_folder,$(1))))
	$(Q)mkdir -p $$(@D) && $(CC) --coverage -o $$@ $$^ $(MBEDTLS_HOST_DIR)/lib/libmbedcrypto.a -lcmocka -llz4
endef
$(foreach t,$(call coverage_tests,nested) $(call coverage_tests,update),$(eval $(call coverage_test,$(t))))

COVERAGES := $(addprefix coverage-,nested update)
.PHONY: coverage $(COVERAGES)
coverage: $(COVERAGES) ## line coverage of the pure part of nested/, and of what updates the box
# one after the other: they count in the same folder
coverage-update: coverage-nested
$(COVERAGES): coverage-%: $(foreach f,nested update,$(patsubst %,$(T)/cov/%,$(call coverage_tests,$(f))))
	$(Q)$(PYTHON) tests/coverage.py --objects $(T)/cov --least $(COVERAGE_LEAST_$*) --sources $(COVERED_$*) \
		--tests $(patsubst %,$(T)/cov/%,$(call coverage_tests,$*))

## Power cuts: the real code of slots and updates on a model disk, fast (the sanitizers have had it in the unit tests)

POWERCUT_SOURCES := $(wildcard tests/powercut/*.c partitions/monitor/update/*.c) tests/unit/update/world.c tests/unit/image/fixture.c \
	$(filter partitions/monitor/image/% tools/nestbox/%,$(RING3_SOURCES))
$(T)/fast/%.o: %.c $(HOST_CONFIG)
	$(call say,CC $< (fast))
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -O1,$(TEST_FLAGS)) -O2 -Itests/unit/update -Itests/unit/image -c $< -o $@
# an archive, so that what of the host tool is not needed is not linked
$(T)/fast.a: $(filter-out $(T)/fast/tests/powercut/%,$(POWERCUT_SOURCES:%.c=$(T)/fast/%.o))
	$(Q)rm -f $@ && ar rcs $@ $^
$(T)/powercut: $(patsubst %.c,$(T)/fast/%.o,$(wildcard tests/powercut/*.c)) $(T)/fast.a
	$(call say,LD $@)
	$(Q)$(CC) -Wl,--wrap=keyring_newest -o $@ $^ $(MBEDTLS_HOST_DIR)/lib/libmbedcrypto.a -lcmocka

.PHONY: powercut
powercut: $(T)/powercut ## cut the power at every write of a box's life
	$(Q)$< && echo "1 0" >$(T)/powercut.result || { echo "0 1" >$(T)/powercut.result; exit 1; }

## Fuzzers: clang's libFuzzer, bounded

FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 5
FUZZ_CC := clang-14
fuzz_world = $(if $(filter fuzz_multiboot_info fuzz_nested%,$(1)),$(RING0_SOURCES),$(RING3_SOURCES))

$(T)/fuzz/obj/%.o: %.c $(HOST_CONFIG)
	$(call say,CC $< (fuzz))
	$(Q)mkdir -p $(@D) && $(FUZZ_CC) $(TEST_FLAGS) -Wno-unknown-warning-option -fsanitize=fuzzer-no-link,address,undefined -c $< -o $@
define fuzzer
$(T)/fuzz/$(1).a: $(patsubst %.c,$(T)/fuzz/obj/%.o,$(call fuzz_world,$(1))) $(O)/monitor/acpi/dsdt.o
	$(Q)rm -f $$@ && ar rcs $$@ $$^
$(T)/fuzz/$(1): $(T)/fuzz/obj/tests/fuzz/$(1).o $(T)/fuzz/$(1).a
	$$(call say,LD $$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $$@ $$^ $(MBEDTLS_HOST_DIR)/lib/libmbedcrypto.a $(if $(filter fuzz_bundle,$(1)),-llz4)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzzer,$(f))))

.PHONY: fuzzers
fuzzers: $(FUZZERS:%=$(T)/fuzz/%)
	$(Q)$(PYTHON) tests/run_fuzz.py --seconds $(FUZZ_SECONDS) --work $(T)/fuzz $^

# `make test` has rows with seeds of their own
HOSTILE_MODELS ?= corei7_skylake_x corei7_icelake_u
HOSTILE_CASES ?= 10000
HOSTILE_SEED ?= $(shell date +%s)
fuzz: fuzzers all guests ## run the fuzzers, FUZZ_SECONDS=5 each, and HOSTILE_CASES=10000 of a hostile L1
	$(Q)for model in $(HOSTILE_MODELS); do \
		tests/system/hostile.py --build $(O) --model $$model --seed $(HOSTILE_SEED) --cases $(HOSTILE_CASES) --timeout 3000 || exit 1; done

## The README, followed by somebody new
.PHONY: stranger
stranger: ## do what the README says, in a clone: BOOT=1 boots the demo, too, FRESH=dir in a Debian 12 made there
	$(Q)tests/stranger.py $(if $(BOOT),--run) $(if $(FRESH),--fresh $(FRESH))

## The disk image, from two copies of the tree

.PHONY: reproducible
reproducible: $(KEY).pub $(PASSWORD).hash $(O)/nestbox ## build the disk image twice, in two folders, and compare
	$(Q)$(PYTHON) tests/reproducible.py $(T)/reproducible $(KEY) $(PASSWORD)

## System tests: the emulator

include tests/system/guests/rules.mk

system: all guests ## run the system tests in the emulator
	$(Q)$(PYTHON) tests/system/run.py --build $(O) $(if $(ONLY),'$(ONLY)')

test: unit coverage powercut fuzzers system ## everything
	$(Q)$(PYTHON) tests/summary.py $(T)/unit.result $(T)/powercut.result $(T)/fuzz.result $(T)/system.result

-include $(shell find $(T) -name '*.d' 2>/dev/null)

## Benchmarks: instructions counted on one CPU

BENCH := build/bench
BENCHES := bench nested
BENCH_DEBIAN := build/partitions/debian-qemu
# KVM=no leaves out the part that boots Debian
BENCH_ISOS := $(BENCHES:%=$(T)/%.iso) $(if $(filter no,$(KVM)),,$(T)/kvm.iso)
define bench_guest
$(T)/guests/$(1).elf: $(GUEST_COMMON:%=$(GUEST_OUT)/%.o) tests/bench/$(1).c $(GUEST_DIR)/guest.lds
	$(Q)$(CC) $(GUEST_FLAGS) -I. -I$(GUEST_DIR) -c tests/bench/$(1).c -o $(GUEST_OUT)/$(1).o
	$(Q)$(CC) -nostdlib -static $(NO_PIE) -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack,--no-warn-rwx-segments \
		-T $(GUEST_DIR)/guest.lds -o $$@ $(GUEST_COMMON:%=$(GUEST_OUT)/%.o) $(GUEST_OUT)/$(1).o
$(T)/$(1).iso: $(T)/guests/$(1).elf $(O)/nestbox $(KEY).key FORCE
	$(Q)$(O)/nestbox image create --kernel $$< --partition debian-kvm --version 1.0.0 --key $(KEY).key -o $(T)/$(1).img >/dev/null
	$(Q)tools/disk --kernel $(BENCH)/nestbox.elf --image $(T)/$(1).img $$@
endef
$(foreach b,$(BENCHES),$(eval $(call bench_guest,$(b))))

$(T)/kvm.iso: $(BENCH_DEBIAN)/vmlinuz $(BENCH_DEBIAN)/initrd $(O)/nestbox $(KEY).key FORCE
	$(Q)$(O)/nestbox image create --kernel $(BENCH_DEBIAN)/vmlinuz --initrd $(BENCH_DEBIAN)/initrd --partition debian-kvm \
		--cmdline "$$(cat $(BENCH_DEBIAN)/cmdline) nestbox.bench=1" --version 1.0.0 --key $(KEY).key -o $(T)/kvm.img >/dev/null
	$(Q)tools/disk --kernel $(BENCH)/nestbox.elf --image $(T)/kvm.img $@

.PHONY: bench-kernel
bench-kernel: | $(O)/.setup
	$(Q)$(MAKE) --no-print-directory O=$(BENCH) DEFCONFIG=bench_defconfig $(BENCH)/nestbox.elf
$(BENCHES:%=$(T)/%.iso) $(T)/kvm.iso: bench-kernel

bench: $(BENCH_ISOS) ## instructions per exit, against the figures in the tree
	$(Q)$(PYTHON) tests/bench/run.py --work $(BENCH) --memory 1536 $(if $(KEEP),--keep) $(BENCH_ISOS)
