# SPDX-License-Identifier: Apache-2.0
#
# Recipe of the demo partition: Debian's stock kernel, busybox, KVM, and a virtual
# machine of its own.  Include it after tools/versions.mk, or run it alone from the
# top of the tree: make -f partitions/debian-kvm/recipe.mk debian-kvm
# Result: build/partitions/debian-kvm/{vmlinuz,initrd,cmdline}, the same bytes each time.

include partitions/debian.mk

DEBIAN_KVM := $(BUILD)/partitions/debian-kvm
DEBIAN_KVM_SRC := partitions/debian-kvm
DEBIAN_KVM_MODULES := $(KVM_MODULES) $(call kernel_modules,$(addprefix drivers/virtio/,virtio_ring virtio virtio_pci_modern_dev \
	virtio_pci_legacy_dev virtio_pci) drivers/char/hw_random/virtio-rng drivers/char/virtio_console drivers/block/virtio_blk \
	net/core/failover drivers/net/net_failover drivers/net/virtio_net)
DEBIAN_KVM_GUEST := $(filter -std=% -W%,$(DEBIAN_PROGRAM)) -O2 -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-pic \
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
	$(CC) $(DEBIAN_PROGRAM) -Wa,-I$(@D) -o $@ $(DEBIAN_KVM_SRC)/l2demo.c $(DEBIAN_KVM_SRC)/l2blob.S

$(DEBIAN_KVM)/l2bench: $(DEBIAN_KVM_SRC)/l2bench.c
	@mkdir -p $(@D)
	$(CC) $(DEBIAN_PROGRAM) -o $@ $<

$(DEBIAN_KVM)/initrd: $(NESTBOXCTL) $(DEBIAN_KVM)/l2demo $(DEBIAN_KVM)/l2bench $(addprefix $(DEBIAN_KVM_SRC)/,init devices) $(BUSYBOX) $(DEBIAN_KERNEL_DIR)/vmlinuz partitions/debian.mk
	$(call debian_root,$(@D)/rootfs,$(DEBIAN_KVM_MODULES))
	cp $(NESTBOXCTL) $(DEBIAN_KVM)/l2demo $(DEBIAN_KVM)/l2bench $(@D)/rootfs/bin/
	cp $(addprefix $(DEBIAN_KVM_SRC)/,init devices) $(@D)/rootfs/
	$(call debian_pack,$(@D)/rootfs,$@,19)
