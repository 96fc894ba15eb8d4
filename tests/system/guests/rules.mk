# SPDX-License-Identifier: Apache-2.0
# Guests of the system tests: freestanding Multiboot programs, a few KiB each. A file NAME_*.c belongs to the guest NAME.

GUESTS := contain misdeed cpus stress heart power vmx echo virtio updater hostile network fiend
GUEST_DIR := tests/system/guests
GUEST_OUT := $(T)/guests
GUEST_FLAGS := -std=gnu11 -O2 -g $(WARN) -I. -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-pic -fno-pie -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -MMD -MP
GUEST_COMMON := start.S guest.c trap.c lapic.c

guest_sources = $(GUEST_COMMON) $(1).c $(notdir $(wildcard $(GUEST_DIR)/$(1)_*.c)) $(if $(filter contain,$(1)),snippets.S) \
	$(if $(filter virtio updater network,$(1)),device.c) $(notdir $(wildcard $(GUEST_DIR)/$(1)_*.S))

$(GUEST_OUT)/%.o: $(GUEST_DIR)/% $(GUEST_DIR)/rules.mk
	$(Q)mkdir -p $(@D) && $(CC) $(GUEST_FLAGS) -c $< -o $@
define guest
$(GUEST_OUT)/$(1).elf: $(addprefix $(GUEST_OUT)/,$(addsuffix .o,$(call guest_sources,$(1)))) $(GUEST_DIR)/guest.lds
	$$(call say,GUEST $$@)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack,--no-warn-rwx-segments \
		-T $(GUEST_DIR)/guest.lds -o $$@ $$(filter %.o,$$^)
endef
$(foreach g,$(GUESTS),$(eval $(call guest,$(g))))

.PHONY: guests
guests: $(GUESTS:%=$(GUEST_OUT)/%.elf)
