# SPDX-License-Identifier: Apache-2.0
# Nestbox: one Makefile. `make help` lists what a person types. Everything made lands in build/ (O=dir for another place).

O ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON := /usr/bin/python3
VERSION := 0.1.0
# The configuration in force; another O= has its own, made from DEFCONFIG.
DEFCONFIG ?= bochs_defconfig
DOTCONFIG := $(if $(filter build,$(O)),.config,$(O)/.config)
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)
say = $(if $(V),@:,@echo "  $(1)")

include tools/versions.mk
# temporary files stay in the build folder, whatever tool makes them
export TMPDIR := $(abspath $(O))/tmp
$(shell mkdir -p $(TMPDIR))
# what changes or removes the configuration does not need one
ifneq ($(filter-out clean help menuconfig nconfig guiconfig savedefconfig %_defconfig,$(or $(MAKECMDGOALS),all)),)
include $(O)/config.mk
endif
CONFIGURE = $(PYTHON) tools/config.py --checker $(O)/nestbox

## Object lists, in reading order

BSP := boot/multiboot2 console/console memory/string memory/page_tables memory/paging memory/carve acpi/acpi acpi/madt acpi/fadt \
	$(patsubst bsp/%.c,%,$(wildcard bsp/smp/*.c bsp/timer/*.c bsp/power/*.c))
BSP_ASM := $(patsubst bsp/%.S,%,$(wildcard bsp/boot/*.S bsp/smp/*.S))

KERNEL := main handshake arch_capabilities parent partition_setup partition partition_lines vcpu exits exit_sample exit_cpuid cpuid_policy exit_msr msr_policy exit_cr exit_io segment exit_mmio mmio_decode \
	apic apic_access interrupts timers guest_memory guest_walk vmx/capability vmx/vmx vmx/ept \
	upcall monitor_load syscalls host_irq fpu percpu traps log crash
KERNEL_ASM := entry traps

NESTED := $(if $(CONFIG_PARTITION_NESTED),$(filter-out $(if $(CONFIG_GDB),,debug12),$(patsubst nested/%.c,%,$(wildcard nested/*.c))))
KERNEL += $(if $(CONFIG_PARTITION_NESTED),,nested_off) $(if $(CONFIG_GDB),debug)

KEYRING_POLICY := $(if $(CONFIG_RELEASE),keyring_release,keyring_dev)
MONITOR := $(filter-out image/keyring_dev image/keyring_release $(if $(CONFIG_GDB),gdb/gdb_off,gdb/gdb gdb/stub% gdb/packet gdb/walk),$(patsubst partitions/monitor/%.c,%, \
	$(wildcard partitions/monitor/*.c partitions/monitor/*/*.c))) image/$(KEYRING_POLICY)
MONITOR_GLUE := $(patsubst bsp/newlib/%.c,%,$(wildcard bsp/newlib/*.c))
MONITOR_GLUE_ASM := $(patsubst bsp/newlib/%.S,%,$(wildcard bsp/newlib/*.S))
MONITOR_DRIVERS := $(patsubst bsp/%.c,%,$(wildcard bsp/disk/*.c bsp/net/*.c bsp/pci/*.c))

IMAGE_SOURCES := $(patsubst %.c,%,$(filter-out %/crypto_heap.c %/keyring_dev.c %/keyring_release.c,$(wildcard partitions/monitor/image/*.c)))
UPDATE_SOURCES := $(patsubst %.c,%,$(wildcard partitions/monitor/update/*.c))
LAYOUT_SOURCES := $(patsubst %.c,%,$(wildcard partitions/monitor/layout/*.c))
TOOL := $(patsubst %.c,%,$(wildcard tools/nestbox/*.c)) $(IMAGE_SOURCES) $(UPDATE_SOURCES) $(LAYOUT_SOURCES) partitions/monitor/image/keyring_dev

## Flags

# clang knows no -no-pie when it links nothing of its own
NO_PIE := $(if $(findstring clang,$(CC)),,-no-pie)
WARN := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wvla -Wimplicit-fallthrough
COMMON := -std=gnu11 -O2 -g $(WARN) -ffunction-sections -fdata-sections -fno-pic -fno-asynchronous-unwind-tables \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(CACHE)=cache -ffile-prefix-map=$(abspath $(O))=build -include $(O)/config.h -MMD -MP
RING0 := $(COMMON) -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fstack-protector-strong \
	-mstack-protector-guard=global -fcf-protection=none -I$(O)
RING3 := $(COMMON) -mgeneral-regs-only -mcmodel=small -fstack-protector-strong -mstack-protector-guard=global -fcf-protection=none \
	-nostdinc -isystem $(shell $(CC) -print-file-name=include) -isystem $(NEWLIB_DIR)/include -isystem $(MBEDTLS_BOX_DIR)/include \
	-Ipartitions/monitor
# What runs once, or on the way to a stop, is built small; bench limits the rest
COLD := bsp/acpi bsp/boot bsp/console bsp/power bsp/smp bsp/memory/carve bsp/memory/paging bsp/timer/rtc bsp/timer/seed bsp/timer/tsc \
	kernel/arch_capabilities kernel/crash kernel/log kernel/main kernel/handshake kernel/parent kernel/partition kernel/partition_lines kernel/monitor_load kernel/percpu kernel/vmx/capability kernel/vmx/vmx nested/capability \
	$(filter-out monitor/image/sha256%,$(patsubst partitions/%.c,%,$(wildcard partitions/monitor/image/*.c)))
SMALL = $(if $(filter $(COLD:%=$(O)/%%),$@),-Os)
HOST := -std=gnu11 -O2 -g $(WARN) -MMD -MP -Ipartitions/monitor -I$(O)/include/monitor -isystem $(MBEDTLS_HOST_DIR)/include -isystem /usr/include/p11-kit-1 -D_GNU_SOURCE

## What a person types

.PHONY: all help setup run test bench size image disk flash release menuconfig savedefconfig clean lint unit system fuzz FORCE

all: $(O)/nestbox.elf $(O)/nestbox $(O)/nestbox.1 $(O)/nestbox.bash ## build the hypervisor and the host tool

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\)[ a-z]*:.*## /  make \1\t/p' Makefile tests/rules.mk | expand -t 24
	@echo "  make <name>_defconfig   $(notdir $(basename $(wildcard configs/*_defconfig)))"

setup: ## install what building and running needs (also done by every other target)
	$(Q)tools/setup

$(O)/.setup: tools/setup tools/versions.mk
	$(Q)tools/setup
	$(Q)mkdir -p $(O) && touch $@

## Configuration

$(DOTCONFIG): | $(O)/.setup
	$(Q)test -f $@ || $(PYTHON) tools/config.py load configs/$(DEFCONFIG) $@

$(O)/config.mk: $(DOTCONFIG) Kconfig tools/config.py | $(O)/.setup $(O)/nestbox
	$(call say,CONFIG $<)
	$(Q)$(CONFIGURE) generate $< $(O) && touch $@

$(O)/config.h: $(O)/config.mk ;

DEFCONFIGS := $(notdir $(wildcard configs/*_defconfig))
.PHONY: $(DEFCONFIGS)
$(DEFCONFIGS): | $(O)/.setup $(O)/nestbox
	$(Q)$(CONFIGURE) load configs/$@ $(DOTCONFIG) && echo "configured: $@"

menuconfig nconfig guiconfig: | $(O)/.setup $(O)/nestbox ## lay out the system
	$(Q)test -f $(DOTCONFIG) || $(PYTHON) tools/config.py load configs/$(DEFCONFIG) $(DOTCONFIG)
	$(Q)KCONFIG_CONFIG=$(DOTCONFIG) MENUCONFIG_STYLE=monochrome $(PYTHON) -m $(patsubst nconfig,menuconfig,$@) Kconfig
	$(Q)$(CONFIGURE) generate $(DOTCONFIG) $(O) || echo "saved; but it cannot be built like this"

savedefconfig: | $(O)/.setup ## write the configuration as a minimal ./defconfig
	$(Q)$(PYTHON) tools/config.py save $(DOTCONFIG) defconfig && echo "saved: defconfig"

## Include roots: each layer sees what it may see and nothing more

INCLUDES := $(O)/include/.made
$(INCLUDES): Makefile
	$(Q)rm -rf $(O)/include && mkdir -p $(O)/include/bsp $(O)/include/kernel $(O)/include/nested $(O)/include/monitor/kernel
	$(Q)ln -s $(abspath bsp) $(O)/include/bsp/bsp
	$(Q)ln -s $(abspath bsp) $(abspath kernel) $(O)/include/kernel/
	$(Q)ln -s $(abspath bsp) $(abspath kernel) $(abspath nested) $(O)/include/nested/
	$(Q)ln -s $(abspath kernel/monitor_abi.h) $(O)/include/monitor/kernel/
	$(Q)mkdir -p $(O)/include/monitor/bsp && ln -s $(abspath bsp/newlib) $(abspath bsp/disk) $(abspath bsp/net) $(abspath bsp/pci) $(O)/include/monitor/bsp/
	$(Q)mkdir -p $(O)/include/monitor/nested && ln -s $(abspath nested/fields.def) $(O)/include/monitor/nested/
	$(Q)touch $@

## Compiling: one rule a layer

BASE := $(O)/config.h $(INCLUDES)
define layer # directory of objects, directory of sources, include root, flags
$(O)/$(1)/%.o: $(2)/%.c $(BASE)
	$$(call say,CC $$<)
	$(Q)mkdir -p $$(@D) && $(CC) $(4) $$(SMALL) -I$(O)/include/$(3) -c $$< -o $$@
$(O)/$(1)/%.o: $(2)/%.S $(BASE)
	$$(call say,AS $$<)
	$(Q)mkdir -p $$(@D) && $(CC) $(4) -I$(O)/include/$(3) -c $$< -o $$@
endef
$(eval $(call layer,bsp,bsp,bsp,$(RING0)))
$(eval $(call layer,kernel,kernel,kernel,$(RING0)))
$(eval $(call layer,nested,nested,nested,$(RING0)))
$(eval $(call layer,monitor,partitions/monitor,monitor,$(RING3)))
$(eval $(call layer,glue,bsp/newlib,monitor,$(RING3)))
$(eval $(call layer,drivers/disk,bsp/disk,monitor,$(RING3)))
$(eval $(call layer,drivers/net,bsp/net,monitor,$(RING3)))
$(eval $(call layer,drivers/pci,bsp/pci,monitor,$(RING3)))

$(O)/tool/%.o: %.c $(INCLUDES) | $(O)/.setup
	$(call say,CC $< (host))
	$(Q)mkdir -p $(@D) && $(CC) $(HOST) -Itools/nestbox -c $< -o $@

## Host tool

$(O)/nestbox: $(TOOL:%=$(O)/tool/%.o) | $(O)/.setup
	$(call say,LD $@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(MBEDTLS_HOST_DIR)/lib/libmbedcrypto.a -lblkid -llz4 -lmicrohttpd -pthread

## Layout: what cannot be is refused here, with the item in the menu and the remedy

$(O)/layout.json: $(O)/config.mk $(O)/nestbox
	$(Q)$(O)/nestbox layout $(DOTCONFIG)
	$(Q)$(O)/nestbox layout --svg $(DOTCONFIG) >$(O)/layout.svg
	$(Q)$(O)/nestbox layout --json $(DOTCONFIG) >$@

## Pages made from tables: man build/nestbox.1, source build/nestbox.bash; docs/errors.md is kept, and a test compares

$(O)/nestbox.1: $(O)/nestbox
	$(Q)$(O)/nestbox manual >$@
$(O)/nestbox.bash: $(O)/nestbox
	$(Q)$(O)/nestbox completion bash >$@
docs/errors.md: FORCE
	$(Q)$(PYTHON) tools/errors.py >$@

## Keys: a checkout makes its own development key

KEY ?= $(or $(CONFIG_KEY),keys/dev)
$(KEY).key: | $(O)/nestbox
	$(Q)mkdir -p $(dir $(KEY)) && $(O)/nestbox keygen --role dev --out $(KEY)
# a public half alone is enough to build with: its private half may be in a token
$(KEY).pub: $(if $(wildcard $(KEY).pub),,$(KEY).key) ;

# ROOTS=files, THRESHOLD=n: the root keys whose keyrings take the place of the key that is built in; none: the key cannot change
ROOTS ?= $(CONFIG_KEY_ROOTS)
THRESHOLD ?= $(filter-out 0,$(CONFIG_KEY_THRESHOLD))
KEYRING_C := keyring c $(ROOTS:%=--root %) $(if $(THRESHOLD),--threshold $(THRESHOLD))
$(O)/trusted_keys.c: $(KEY).pub $(ROOTS) $(O)/nestbox
	$(Q)$(O)/nestbox $(KEYRING_C) $(if $(CONFIG_RELEASE),--release) --out $@ $<

## The console's password: a checkout makes a random one, a release wants one that somebody has chosen

PASSWORD ?= $(or $(CONFIG_CONSOLE_PASSWORD),keys/console)
RANDOM_PASSWORD := $(O)/nestbox password make --iterations 20000 --random $(PASSWORD).txt --out $(PASSWORD).hash
CHOOSE_PASSWORD := { echo "a release needs a password somebody has chosen; make one: $(O)/nestbox password make --force --out $(PASSWORD).hash && rm -f $(PASSWORD).txt"; exit 1; }
$(PASSWORD).hash: | $(O)/nestbox
	$(Q)mkdir -p $(dir $(PASSWORD)) && $(if $(CONFIG_RELEASE),$(CHOOSE_PASSWORD),$(RANDOM_PASSWORD))

$(O)/password.c: $(if $(CONFIG_CONSOLE),$(PASSWORD).hash) $(O)/nestbox $(O)/config.mk
	$(Q)$(if $(CONFIG_RELEASE),test ! -e $(PASSWORD).txt || $(CHOOSE_PASSWORD))
	$(Q)$(O)/nestbox password c --out $@ $(filter %.hash,$^)

## The layout as the console shows it

$(O)/layout.c: $(O)/layout.json
	$(Q){ echo '#include "manage/show.h"'; for form in text json; do echo "const char box_layout_$$form[] ="; \
		$(O)/nestbox layout $$(test $$form = text || echo --$$form) $(DOTCONFIG) | sed 's/[\\"]/\\&/g; s/.*/"&\\n"/'; echo ';'; done; } >$@

## Monitor: a ring-3 program, embedded in the kernel

$(O)/trusted_keys.o $(O)/password.o $(O)/layout.o: $(O)/%.o: $(O)/%.c $(BASE)
	$(Q)$(CC) $(RING3) -I$(O)/include/monitor -c $< -o $@

$(O)/dsdt.aml: partitions/monitor/acpi/dsdt.asl | $(O)/.setup
	$(call say,IASL $<)
	$(Q)mkdir -p $(O) && iasl -p $(basename $@) $< >$(O)/iasl.log 2>&1 || { cat $(O)/iasl.log; exit 1; }

$(O)/monitor/acpi/dsdt.o: partitions/monitor/acpi/dsdt.S $(O)/dsdt.aml
	$(Q)mkdir -p $(@D) && $(CC) -c -I$(O) -Wa,-I$(O) $< -o $@

MONITOR_OBJECTS := $(MONITOR_GLUE_ASM:%=$(O)/glue/%.o) $(MONITOR_GLUE:%=$(O)/glue/%.o) $(MONITOR_DRIVERS:%=$(O)/drivers/%.o) $(MONITOR:%=$(O)/monitor/%.o) \
	$(O)/monitor/acpi/dsdt.o $(O)/trusted_keys.o $(O)/password.o $(O)/layout.o
$(O)/monitor.elf: $(MONITOR_OBJECTS) bsp/newlib/monitor.lds
	$(call say,LD $@)
	$(Q)$(CC) -nostdlib -static $(NO_PIE) -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096,-z,noexecstack -Wl,--defsym=monitor_pool=$(CONFIG_MONITOR_POOL_KIB)*1024 \
		-T bsp/newlib/monitor.lds $(MONITOR_LINK) -o $@ \
		$(filter %.o,$^) -L$(NEWLIB_DIR)/lib $(MBEDTLS_BOX_DIR)/lib/libmbedcrypto.a -lc -lgcc

## Kernel

$(O)/role.h: $(O)/config.h $(O)/nestbox
	$(Q)echo "#define CONFIG_ROLE_UUID $$($(O)/nestbox role --c-array "$(CONFIG_PARTITION_NAME)")" >$@
	$(Q)$(foreach n,2 3 4,$(if $(CONFIG_PARTITION$n_NAME),echo "#define CONFIG_ROLE_UUID_$n $$($(O)/nestbox role --c-array "$(CONFIG_PARTITION$n_NAME)")" >>$@;))
	$(Q)$(O)/nestbox layout --pins $(DOTCONFIG) >>$@

$(O)/kernel/main.o $(O)/kernel/exits.o $(O)/kernel/debug.o $(O)/kernel/partition_setup.o $(O)/kernel/handshake.o $(O)/kernel/host_irq.o $(O)/kernel/vmx/vmx.o $(O)/nested/nested.o $(O)/kernel/syscalls.o: $(O)/role.h

$(O)/kernel/monitor_blob.o: $(O)/monitor.elf kernel/monitor_blob.S
	$(Q)mkdir -p $(@D) && strip -o $(O)/monitor.stripped $< && $(CC) -c -Wa,-I$(O) kernel/monitor_blob.S -o $@

RING0_OBJECTS := $(BSP_ASM:%=$(O)/bsp/%.o) $(BSP:%=$(O)/bsp/%.o) $(KERNEL_ASM:%=$(O)/kernel/%_asm.o) $(KERNEL:%=$(O)/kernel/%.o) \
	$(NESTED:%=$(O)/nested/%.o) $(O)/kernel/monitor_blob.o
$(O)/kernel/%_asm.o: kernel/%.S $(BASE)
	$(call say,AS $<)
	$(Q)mkdir -p $(@D) && $(CC) $(RING0) -I$(O)/include/kernel -c $< -o $@

# What parent and child Nestbox compare is made of this, of version, label and compiler; the layout is not in it.
BUILD_SOURCES := $(sort $(shell find bsp kernel nested partitions/monitor -name '*.[chS]' -o -name '*.def' -o -name '*.lds' -o -name '*.asl')) Makefile tools/versions.mk
$(O)/build_identity.c: $(RING0_OBJECTS) $(BUILD_SOURCES) tools/build_id.py
	$(Q)$(PYTHON) tools/build_id.py --version $(VERSION) --label '$(CONFIG_BUILD_LABEL)' --compiler "$$($(CC) --version | head -n 1)" \
		--sources $(BUILD_SOURCES) --objects $(RING0_OBJECTS) -o $@

# the configuration goes behind the ELF file, where `nestbox layout` and `nestbox nested status` find it; no loader reads it
$(O)/nestbox.elf: $(RING0_OBJECTS) $(O)/build_identity.c bsp/kernel.lds $(O)/layout.json
	$(call say,LD $@)
	$(Q)$(CC) $(RING0) -I$(O)/include/kernel -c $(O)/build_identity.c -o $(O)/build_identity.o
	$(Q)$(CC) -nostdlib -static $(NO_PIE) -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096,-z,noexecstack -T bsp/kernel.lds -o $@ \
		$(RING0_OBJECTS) $(O)/build_identity.o -lgcc
	$(Q){ printf '\nnestbox-configuration-v1-start\n'; cat $(DOTCONFIG); printf '\nnestbox-configuration-v1-end\n'; } >>$@

## Partition image, bootable image, running them

BUILD := build
RECIPE := $(CONFIG_PARTITION_NAME)
PARTS := $(BUILD)/partitions/$(RECIPE)
IMAGE ?= $(PARTS).img
IMAGE_VERSION ?= 1.0.0
include $(wildcard partitions/*/recipe.mk)
# What goes into the image. A recipe of another kind than Linux names its own: NAME.files and NAME.image.
PARTS_FILES := $(or $($(RECIPE).files),$(PARTS)/vmlinuz $(PARTS)/initrd $(PARTS)/cmdline)
PARTS_IMAGE = $(or $($(RECIPE).image),--kernel $(PARTS)/vmlinuz --initrd $(PARTS)/initrd --cmdline "$$(cat $(PARTS)/cmdline)")

# What it is made of; the digest of this file is signed with the image. A recipe may name its own pins: NAME.pins.
PARTS_SBOM := --pins tools/versions.mk $(or $($(RECIPE).pins),KERNEL BUSYBOX) --packages $(wildcard tools/packages/$(RECIPE:debian-%=%).list)
$(PARTS).spdx.json: $(PARTS_FILES) tools/sbom.py tools/versions.mk
	$(Q)$(PYTHON) tools/sbom.py --name $(RECIPE) --version $(IMAGE_VERSION) --output $@ $(PARTS_SBOM) -- $(PARTS_FILES)

# the boot loader's module, and what lies in a slot: with a hash tree, as updates need it
$(PARTS).slot.img: TREE := --tree
$(PARTS).img $(PARTS).slot.img: $(PARTS_FILES) $(PARTS).spdx.json $(O)/nestbox $(KEY).key
	$(call say,IMAGE $@)
	$(Q)mkdir -p $(@D) && $(O)/nestbox image create $(PARTS_IMAGE) $(TREE) --sbom-digest $$(sha256sum <$(PARTS).spdx.json | cut -c1-64) \
		--partition $(RECIPE) --version $(IMAGE_VERSION) --build-id "$(RECIPE) $(IMAGE_VERSION)" --key $(KEY).key -o $@ >/dev/null

ISO := $(O)/nestbox.iso
# always asked: tools/disk knows what the last one was made of, make only times
# The images of the partitions behind the first, from the recipes of their names
OTHERS := $(foreach n,2 3 4,$(CONFIG_PARTITION$n_NAME))
OTHER_IMAGES := $(OTHERS:%=$(BUILD)/partitions/%.img)
OTHER_WORDS := $(foreach name,$(OTHERS),--other $(name)=$(BUILD)/partitions/$(name).img)
ifneq ($(filter-out $(RECIPE),$(OTHERS)),)
$(filter-out $(PARTS).img,$(OTHER_IMAGES)): $(O)/nestbox $(KEY).key FORCE
	$(Q)$(MAKE) --no-print-directory RECIPE=$(basename $(@F)) OTHERS= $@
endif

$(ISO): $(O)/nestbox.elf $(IMAGE) $(OTHER_IMAGES) tools/disk FORCE
	$(Q)tools/disk --kernel $(O)/nestbox.elf --image $(IMAGE) $(OTHER_WORDS) $@

disk: $(ISO) ## the bootable image (BIOS and UEFI): build/nestbox.iso

# The box's disk as it is flashed; the same bytes from the same sources. SLOT_MIB=, DATA_MIB= go before the configuration's
SLOT_MIB ?= $(filter-out 0,$(CONFIG_SLOT_MIB))
DATA_MIB ?= $(CONFIG_DATA_MIB)
DISK_SIZES = $(if $(SLOT_MIB),--slot-size $(SLOT_MIB)) $(if $(DATA_MIB),--data-size $(DATA_MIB))
SLOT_IMAGE ?= $(PARTS).slot.img
DISK_IMAGE := $(O)/nestbox.img
# What firmware and boot loader are made of: files by digest, libraries by their pins, GRUB by its version
HYPERVISOR_SBOM := $(O)/nestbox.spdx.json
$(HYPERVISOR_SBOM): $(O)/nestbox.elf $(O)/monitor.elf tools/sbom.py tools/versions.mk
	$(Q)$(PYTHON) tools/sbom.py --name nestbox --version $(VERSION) --output $@ --pins tools/versions.mk NEWLIB MBEDTLS --installed grub-pc-bin grub-efi-amd64-bin -- $(O)/nestbox.elf $(O)/monitor.elf
$(DISK_IMAGE): $(O)/nestbox.elf $(HYPERVISOR_SBOM) $(SLOT_IMAGE) $(OTHER_IMAGES) $(O)/nestbox tools/image
	$(call say,IMAGE $@)
	$(Q)$(if $(CONFIG_DISK_NONE),{ echo "this configuration has no disk; choose one in menuconfig (Disk and updates) or use make disk"; exit 1; })
	$(Q)$(O)/nestbox layout --check --image $(SLOT_IMAGE) $(DISK_SIZES) $(DOTCONFIG)
	$(Q)tools/image --kernel $< --sbom $(HYPERVISOR_SBOM) $(OTHER_WORDS) --nestbox $(O)/nestbox --slot-a $(SLOT_IMAGE) $(DISK_SIZES) -o $@

image: $(DISK_IMAGE) ## the box's disk, to be flashed: build/nestbox.img

# LOG=file, TIMEOUT=seconds, UNTIL=regex, IMAGE=path, MACHINE=bochs|qemu. Without a terminal the demo ends after its summary.
FAIL ?= nestbox: cannot start|image refused|: stopped:|: not started|CRASH|L2 FAILED
DEMO_UNTIL := $(if $(filter $(PARTS).img,$(IMAGE)),nestbox-demo: a shell)
# a disk is tried on a copy, which keeps what the box writes until there is a newer one
TRY_DISK := $(O)/run.img
$(TRY_DISK): $(DISK_IMAGE)
	$(Q)cp --sparse=always $< $@
RUN := tools/run $(if $(CONFIG_DISK_NONE),--iso $(ISO),--iso '' --disk $(TRY_DISK) $(if $(CONFIG_DISK_ATA),--attach ide)) --machine $(or $(MACHINE),$(if $(CONFIG_MACHINE_QEMU),qemu,auto)) --memory $(CONFIG_MACHINE_RAM_MIB) \
	--cpus $(CONFIG_MACHINE_CPUS) $(if $(CONFIG_MACHINE_MODEL),--model $(CONFIG_MACHINE_MODEL)) $(if $(CONFIG_PARTITION_PCI_NETWORK),--net) $(if $(LOG),--log $(LOG)) $(if $(TIMEOUT),--timeout $(TIMEOUT)) \
	$(if $(UNTIL),--until '$(UNTIL)')
run: $(if $(CONFIG_DISK_NONE),$(ISO),$(TRY_DISK)) ## boot it: Nestbox, the partition, an L2 guest, a shell
	$(Q)$(if $(CONFIG_MACHINE_OWN),$(if $(MACHINE),,{ echo "this configuration is for a box of your own; make image and make flash, or make run MACHINE=bochs (or qemu)"; exit 1; }))
	$(Q)if [ -t 0 ] && [ -t 1 ]; then $(RUN); else $(RUN) --fail '$(FAIL)' $(if $(UNTIL),,$(if $(DEMO_UNTIL),--until '$(DEMO_UNTIL)')); fi

release: $(O)/nestbox $(KEY).pub ## build/release/nestbox.elf, which takes release keys only: KEY=keys/name ROOTS="a.pub b.pub" THRESHOLD=n
	$(Q)mkdir -p $(O)/release && $(O)/nestbox $(KEYRING_C) --release --out $(O)/release/checked_keys.c $(KEY).pub
	$(Q){ grep -v CONFIG_RELEASE $(DOTCONFIG); echo CONFIG_RELEASE=y; } >$(O)/release/.config
	$(Q)$(MAKE) --no-print-directory O=$(O)/release KEY=$(KEY) ROOTS='$(ROOTS)' THRESHOLD=$(THRESHOLD) $(O)/release/nestbox.elf

# DEV=/dev/sdX; without a terminal CONFIRM= the last four characters of its serial number; FLASH_IMAGE= another image
FLASH_IMAGE ?= $(O)/nestbox.img
flash: $(O)/nestbox $(FLASH_IMAGE) $(KEY).pub ## write the disk image to a disk: DEV=/dev/sdX
	$(Q)test -n "$(DEV)" || { echo "no disk is named; make flash DEV=/dev/sdX (lsblk lists them)"; exit 2; }
	$(Q)$(O)/nestbox flash --pub $(KEY).pub --partition "$(CONFIG_PARTITION_NAME)" $(if $(CONFIG_RELEASE),--release) \
		$(if $(CONFIRM),--confirm '$(CONFIRM)') $(FLASH_IMAGE) $(DEV)

size: $(O)/nestbox.elf $(O)/monitor.elf ## ring-0 text and memory, against their limits
	$(Q)$(PYTHON) tools/size.py $(O)

lint: $(O)/tests/config.h ## look for defects without running anything (clang-format, clang-tidy, cppcheck, shellcheck, headers alone): ONLY=step
	$(Q)$(PYTHON) tools/lint.py --mbedtls $(MBEDTLS_HOST_DIR) --config $< $(ONLY)

include tests/rules.mk

FORCE:

clean: ## remove build/ (keys and .config stay)
	$(Q)rm -rf $(O)

-include $(shell find $(O) -name '*.d' 2>/dev/null)
