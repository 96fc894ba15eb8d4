# SPDX-License-Identifier: Apache-2.0
#
# What the recipes of Debian partitions share; the first one that includes it reads it. So does a recipe run alone.

ifndef DEBIAN_PROGRAM
ifndef DEBIAN_KERNEL_DIR
include tools/versions.mk
endif

BUILD ?= build
DEBIAN_PROGRAM := -std=gnu11 -O2 -static -s -pthread -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wvla -Wimplicit-fallthrough -D_GNU_SOURCE
kernel_modules = $(patsubst %,$(DEBIAN_KERNEL_DIR)/lib/modules/*/kernel/%.ko,$(1))
KVM_MODULES := $(call kernel_modules,virt/lib/irqbypass arch/x86/kvm/kvm arch/x86/kvm/kvm-intel)

# Debian packages of tools/packages/NAME.list, unpacked into $(CACHE)/NAME
$(BUILD)/.packages-%: tools/packages/%.list
	@mkdir -p $(@D)
	tools/setup --packages $* && touch $@

# An initrd for guests of a partition that run Debian's kernel (L2): one program, whose console is the kernel's own /dev/console
L2_INITRD := $(BUILD)/partitions/l2.cpio
$(L2_INITRD): partitions/l2init.c partitions/debian.mk
	rm -rf $@.root && mkdir -p $@.root
	$(CC) $(DEBIAN_PROGRAM) -o $@.root/init $<
	touch -d @0 $@.root/init
	cd $@.root && echo init | cpio --quiet --reproducible -o -H newc -R 0:0 > ../$(@F)
	rm -rf $@.root

# The guest's side of the box's ports, for any Linux
NESTBOXCTL := $(BUILD)/partitions/bin/nestboxctl
NESTBOXCTL_SOURCES := $(wildcard partitions/nestboxctl/*.c) $(addprefix partitions/monitor/update/,frame.c lz4.c error.c)
$(NESTBOXCTL): $(NESTBOXCTL_SOURCES) $(wildcard partitions/nestboxctl/*.h partitions/monitor/update/*.h partitions/monitor/update/*.def)
	@mkdir -p $(@D)
	$(CC) $(DEBIAN_PROGRAM) -Ipartitions/monitor -o $@ $(NESTBOXCTL_SOURCES)

# A folder that becomes an initrd: $(call debian_root,FOLDER,KERNEL MODULES), then whatever else goes in, then $(call debian_pack,FOLDER,INITRD,LEVEL)
define debian_root
	rm -rf $(1)
	mkdir -p $(addprefix $(1)/,bin dev proc run sys tmp lib/modules)
	cp $(BUSYBOX) $(1)/bin/
	cp $(2) $(1)/lib/modules/
endef

# Fixed owner, times and order make the archive reproducible.
define debian_pack
	chmod -R u=rwX,go=rX $(1)
	chmod 755 $(1)/init $(1)/bin/*
	find $(1) -exec touch -h -d @0 {} +
	cd $(1) && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0 > $(abspath $(2)).cpio
	zstd -q -$(3) -f --no-progress -o $(2) $(2).cpio
	rm -rf $(1) $(2).cpio
endef

endif
