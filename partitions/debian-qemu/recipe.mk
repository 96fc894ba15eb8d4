# SPDX-License-Identifier: Apache-2.0
#
# Recipe of a partition that runs Debian's QEMU on KVM, and in it Debian's kernel again. Everything but two small programs is Debian's, unpacked
# from its packages. First program and modules are those of the demo partition; what differs is the `l2demo` it starts.
# make bochs_debian_qemu_defconfig && make run
# Result: build/partitions/debian-qemu/{vmlinuz,initrd,cmdline}, the same bytes each time.

include partitions/debian.mk
ifndef DEBIAN_KVM
include partitions/debian-kvm/recipe.mk
endif

DEBIAN_QEMU := $(BUILD)/partitions/debian-qemu
DEBIAN_QEMU_SRC := partitions/debian-qemu
QEMU_PACKAGES := $(CACHE)/qemu
# microvm has its own firmware, q35 wants SeaBIOS and the option ROM that starts a PVH kernel
QEMU_DATA := qemu/bios-microvm.bin qemu/qboot.rom qemu/pvh.bin qemu/kvmvapic.bin seabios/bios-256k.bin

.PHONY: debian-qemu
debian-qemu: $(addprefix $(DEBIAN_QEMU)/,vmlinuz initrd cmdline)

$(DEBIAN_QEMU)/vmlinuz: $(DEBIAN_KERNEL_DIR)/vmlinuz
	@mkdir -p $(@D)
	cp $< $@

$(DEBIAN_QEMU)/cmdline: $(DEBIAN_KVM_SRC)/cmdline
	@mkdir -p $(@D)
	cp $< $@

$(DEBIAN_QEMU)/vmlinux: $(DEBIAN_KERNEL_DIR)/vmlinuz tools/vmlinux.py
	@mkdir -p $(@D)
	tools/vmlinux.py $< $@

$(DEBIAN_QEMU)/initrd: $(DEBIAN_QEMU)/vmlinux $(L2_INITRD) $(DEBIAN_QEMU_SRC)/l2demo $(DEBIAN_KVM)/l2bench $(DEBIAN_KVM_SRC)/init $(BUSYBOX) $(DEBIAN_KERNEL_DIR)/vmlinuz \
	partitions/debian.mk tools/elf_closure.py $(BUILD)/.packages-qemu
	$(call debian_root,$(@D)/rootfs,$(KVM_MODULES))
	mkdir -p $(addprefix $(@D)/rootfs/,boot usr/share/qemu usr/share/seabios)
	tools/elf_closure.py $(QEMU_PACKAGES) $(@D)/rootfs usr/bin/qemu-system-x86_64
	$(foreach f,$(QEMU_DATA),cp $(QEMU_PACKAGES)/usr/share/$(f) $(@D)/rootfs/usr/share/$(f) &&) true
	cp $(DEBIAN_QEMU)/vmlinux $(L2_INITRD) $(@D)/rootfs/boot/
	cp $(DEBIAN_QEMU_SRC)/l2demo $(DEBIAN_KVM)/l2bench $(@D)/rootfs/bin/
	cp $(DEBIAN_KVM_SRC)/init $(@D)/rootfs/init
	$(call debian_pack,$(@D)/rootfs,$@,19)
