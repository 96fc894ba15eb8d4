# SPDX-License-Identifier: Apache-2.0
#
# Recipe of Nestbox in Nestbox: a second Nestbox is the partition's kernel, the image of the debian-kvm partition its boot module. The child is
# configured by configs/nestbox_child_defconfig and is otherwise the same sources.
# make nestbox_defconfig && make run

BUILD ?= build
NESTBOX_CHILD := $(BUILD)/nestbox-child
NESTBOX_MODULE := $(BUILD)/partitions/debian-kvm.img

nestbox.files = $(NESTBOX_CHILD)/nestbox.elf $(NESTBOX_MODULE)
nestbox.image = --kernel $(NESTBOX_CHILD)/nestbox.elf --module $(NESTBOX_MODULE),partition

# The child's own make knows what has changed.
ifneq ($(O),$(NESTBOX_CHILD))
$(NESTBOX_CHILD)/nestbox.elf: FORCE
	$(Q)$(MAKE) --no-print-directory O=$(NESTBOX_CHILD) DEFCONFIG=nestbox_child_defconfig $@
ifeq ($(RECIPE),nestbox)
$(NESTBOX_MODULE): FORCE
	$(Q)$(MAKE) --no-print-directory O=$(NESTBOX_CHILD) DEFCONFIG=nestbox_child_defconfig $@
endif
endif
