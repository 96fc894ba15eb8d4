# SPDX-License-Identifier: Apache-2.0
#
# Recipe of the demo partition: Debian's stock kernel, busybox, KVM, and a virtual
# machine of its own.  Include it after tools/versions.mk, or run it alone from the
# top of the tree: make -f partitions/debian-kvm/recipe.mk debian-kvm
# Result: build/partitions/debian-kvm/{vmlinuz,initrd,cmdline}, the same bytes each time.

ifndef DEBIAN_KERNEL_DIR
include tools/versions.mk
endif

BUILD ?= build
DEBIAN_KVM := $(BUILD)/partitions/debian-kvm
DEBIAN_KVM_SRC := partitions/debian-kvm
DEBIAN_KVM_MODULES := virt/lib/irqbypass arch/x86/kvm/kvm arch/x86/kvm/kvm-intel \
	$(addprefix drivers/virtio/,virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci) drivers/char/hw_random/virtio-rng drivers/char/virtio_console
DEBIAN_KVM_WARN := -std=gnu11 -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wvla \
	-Wimplicit-fallthrough
DEBIAN_KVM_GUEST := $(DEBIAN_KVM_WARN) -O2 -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-pic \
	-fno-pie -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables

.PHONY: debian-kvm
debian-kvm: $(addprefix $(DEBIAN_KVM)/,vmlinuz initrd cmdline)

$(DEBIAN_KVM)/vmlinuz: $(DEBIAN_KERNEL_DIR)/vmlinuz
	@mkdir -p $(@D)
	cp $< $@

$(DEBIAN_KVM)/cmdline: $(DEBIAN_KVM_SRC)/cmdline
	@mkdir -p $(@D)
	cp $< $@

$(DEBIAN_KVM)/l2guest.bin: $(addprefix $(DEBIAN_KVM_SRC)/,l2start.S l2guest.c l2abi.h l2guest.lds)
	@mkdir -p $(@D)
	$(CC) $(DEBIAN_KVM_GUEST) -c -o $(@D)/l2start.o $(DEBIAN_KVM_SRC)/l2start.S
	$(CC) $(DEBIAN_KVM_GUEST) -c -o $(@D)/l2guest.o $(DEBIAN_KVM_SRC)/l2guest.c
	$(LD) -nostdlib -static -z noexecstack --no-warn-rwx-segments -T $(DEBIAN_KVM_SRC)/l2guest.lds \
		-o $(@D)/l2guest.elf $(@D)/l2start.o $(@D)/l2guest.o
	objcopy -O binary $(@D)/l2guest.elf $@

$(DEBIAN_KVM)/l2demo: $(addprefix $(DEBIAN_KVM_SRC)/,l2demo.c l2blob.S l2abi.h) $(DEBIAN_KVM)/l2guest.bin
	$(CC) $(DEBIAN_KVM_WARN) -O2 -static -s -pthread -Wa,-I$(@D) -o $@ \
		$(DEBIAN_KVM_SRC)/l2demo.c $(DEBIAN_KVM_SRC)/l2blob.S

$(DEBIAN_KVM)/l2bench: $(DEBIAN_KVM_SRC)/l2bench.c
	@mkdir -p $(@D)
	$(CC) $(DEBIAN_KVM_WARN) -O2 -static -s -o $@ $<

# Fixed owner, times and order make the archive reproducible.
$(DEBIAN_KVM)/initrd: $(DEBIAN_KVM)/l2demo $(DEBIAN_KVM)/l2bench $(addprefix $(DEBIAN_KVM_SRC)/,init devices) $(BUSYBOX) $(DEBIAN_KERNEL_DIR)/vmlinuz
	rm -rf $(@D)/rootfs
	mkdir -p $(addprefix $(@D)/rootfs/,bin dev proc run sys tmp lib/modules)
	cp $(BUSYBOX) $(DEBIAN_KVM)/l2demo $(DEBIAN_KVM)/l2bench $(@D)/rootfs/bin/
	cp $(addprefix $(DEBIAN_KVM_SRC)/,init devices) $(@D)/rootfs/
	cp $(foreach m,$(DEBIAN_KVM_MODULES),$(DEBIAN_KERNEL_DIR)/lib/modules/*/kernel/$(m).ko) \
		$(@D)/rootfs/lib/modules/
	chmod -R u=rwX,go=rX $(@D)/rootfs
	chmod 755 $(@D)/rootfs/init $(@D)/rootfs/bin/*
	find $(@D)/rootfs -exec touch -h -d @0 {} +
	cd $(@D)/rootfs && find . | LC_ALL=C sort | \
		cpio --quiet --reproducible -o -H newc -R 0:0 > ../initrd.cpio
	zstd -q -19 -f --no-progress -o $@ $(@D)/initrd.cpio
	rm -rf $(@D)/rootfs $(@D)/initrd.cpio
