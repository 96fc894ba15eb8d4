# SPDX-License-Identifier: Apache-2.0
#
# Recipe of a partition without an operating system: main.c on newlib and the runtime beside it. Alone (Partition > Name: hello-newlib) or as the
# second partition of a box.

HELLO := $(BUILD)/partitions/hello-newlib
HELLO_SRC := partitions/hello-newlib
HELLO_SOURCES := $(HELLO_SRC)/runtime/start.S $(HELLO_SRC)/runtime/runtime.c $(HELLO_SRC)/main.c
HELLO_FLAGS := -std=gnu11 -O2 -g $(WARN) -ffreestanding -fno-pic $(NO_PIE) -mno-red-zone -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -mcmodel=small -ffunction-sections -fdata-sections \
	-nostdinc -isystem $(shell $(CC) -print-file-name=include) -isystem $(NEWLIB_DIR)/include -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(CACHE)=cache

hello-newlib.files := $(HELLO)/hello.elf
hello-newlib.image = --kernel $(HELLO)/hello.elf
hello-newlib.pins := NEWLIB

$(HELLO)/hello.elf: $(HELLO_SOURCES) $(HELLO_SRC)/runtime/runtime.h $(HELLO_SRC)/hello.lds
	@mkdir -p $(@D)
	$(CC) $(HELLO_FLAGS) -static -nostdlib -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack -T $(HELLO_SRC)/hello.lds -o $@ \
		$(HELLO_SOURCES) -L$(NEWLIB_DIR)/lib -lc -lgcc
