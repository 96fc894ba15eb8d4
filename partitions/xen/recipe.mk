# SPDX-License-Identifier: Apache-2.0
#
# Recipe of a partition that runs Debian's Xen: the hypervisor is the partition's kernel, Debian's kernel and initrd of its first domain are its boot
# modules, and that domain starts a PVH guest (L2) with Xen's own tools. The domain's first program is that of the demo partition.
# make bochs_xen_defconfig && make run

include partitions/debian.mk
ifndef DEBIAN_KVM
include partitions/debian-kvm/recipe.mk
endif

XEN := $(BUILD)/partitions/xen
XEN_SRC := partitions/xen
XEN_PACKAGES := $(CACHE)/xen
XEN_BIN := usr/lib/xen-4.17/bin
XEN_PROGRAMS := $(addprefix $(XEN_BIN)/,xl xenstored xenconsoled xenconsole xen-init-dom0) lib/x86_64-linux-gnu/libgcc_s.so.1
XEN_MODULES := xen-privcmd xen-evtchn xen-gntdev xenfs/xenfs

.PHONY: xen
xen: $(addprefix $(XEN)/,xen vmlinuz initrd cmdline)
xen.files = $(addprefix $(XEN)/,xen vmlinuz initrd cmdline)
xen.image = --kernel $(XEN)/xen --module $(XEN)/vmlinuz,vmlinuz --module $(XEN)/initrd,initrd --cmdline "$$(cat $(XEN)/cmdline)"

$(XEN)/xen: $(BUILD)/.packages-xen
	@mkdir -p $(@D)
	gzip -dc $(XEN_PACKAGES)/boot/xen-4.17-amd64.gz > $@

$(XEN)/cmdline: $(XEN_SRC)/cmdline
	@mkdir -p $(@D)
	cp $< $@

# XZ takes Xen, and then its tools, as long to unpack as all the rest takes together
$(XEN)/vmlinuz: $(DEBIAN_KERNEL_DIR)/vmlinuz tools/vmlinux.py
	@mkdir -p $(@D)
	tools/vmlinux.py --zstd $< $@

# The demo's part of the kernel package, which tools/setup unpacks, has no Xen drivers.
$(XEN)/modules: $(DEBIAN_KERNEL_DIR)/vmlinuz
	rm -rf $@ && mkdir -p $@
	dpkg-deb --fsys-tarfile $(CACHE)/downloads/$$(cat $(DEBIAN_KERNEL_DIR)/VERSION) | \
		tar -x -C $@ --strip-components=7 --wildcards './lib/modules/*/kernel/drivers/xen'
	touch $@

$(XEN)/initrd: $(XEN)/vmlinuz $(XEN)/modules $(L2_INITRD) $(addprefix $(XEN_SRC)/,l2demo l2.cfg) $(DEBIAN_KVM_SRC)/init $(BUSYBOX) \
	partitions/debian.mk tools/elf_closure.py $(BUILD)/.packages-xen
	$(call debian_root,$(@D)/rootfs,$(addprefix $(XEN)/modules/,$(addsuffix .ko,$(XEN_MODULES))))
	mkdir -p $(addprefix $(@D)/rootfs/,boot etc/xen var/lib/xen var/lib/xenstored var/lock var/log/xen)
	ln -s ../run $(@D)/rootfs/var/run
	tools/elf_closure.py $(XEN_PACKAGES) $(@D)/rootfs $(XEN_PROGRAMS)
	cp $(XEN)/vmlinuz $(L2_INITRD) $(@D)/rootfs/boot/
	cp $(XEN_SRC)/l2.cfg $(XEN_PACKAGES)/etc/xen/xl.conf $(@D)/rootfs/etc/xen/
	cp $(XEN_SRC)/l2demo $(@D)/rootfs/bin/
	cp $(DEBIAN_KVM_SRC)/init $(@D)/rootfs/init
	$(call debian_pack,$(@D)/rootfs,$@,19)
