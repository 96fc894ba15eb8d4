# SPDX-License-Identifier: Apache-2.0
#
# Everything Nestbox builds with but does not carry: each is pinned by version
# and SHA-256.  Read by the Makefile (which needs the *_DIR prefixes) and by
# tools/setup (which needs the plain `NAME := value` lines, so a value that
# setup reads holds no variable).  To move a pin: change version, file and sum
# together, then run `tools/setup`.

CACHE := $(or $(NESTBOX_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/nestbox)

BOX_SUITE := bookworm
NEWER_SUITE := trixie

# Bochs: the emulator, from source; its two ROM images as built by Debian.
BOCHS_NAME := bochs-3.0
BOCHS_PACKAGE := bochs
BOCHS_SUITE := trixie
BOCHS_FILE := bochs_3.0+dfsg.orig.tar.xz
BOCHS_SHA256 := 78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b

BOCHSBIOS_PACKAGE := bochsbios
BOCHSBIOS_SUITE := trixie
BOCHSBIOS_FILE := bochsbios_3.0+dfsg-1_all.deb
BOCHSBIOS_SHA256 := 13f8f4bdd9bb5c07378b7e39042cb631ebdd41d00b0f1a3091caab17ca946a5b

VGABIOS_PACKAGE := vgabios
VGABIOS_SUITE := trixie
VGABIOS_FILE := vgabios_0.8a+ds-2_all.deb
VGABIOS_SHA256 := 921cca705c76139df423782979c3e4fe93a246ae3adc143ba17a321decf3544b

# newlib: C library of the monitor and of bare-metal partitions.
NEWLIB_NAME := newlib-4.5
NEWLIB_PACKAGE := newlib-source
NEWLIB_SUITE := trixie
NEWLIB_FILE := newlib-source_4.5.0.20241231-1_all.deb
NEWLIB_SHA256 := 6a86ad809eef9d46c4bcdf89ff11a8a4e0879e00dfc9e6a782c5759e3d7c714c

# mbedtls: cryptography, once for the box (small) and once for the host tool.
MBEDTLS_NAME := mbedtls-3.6
MBEDTLS_PACKAGE := mbedtls
MBEDTLS_SUITE := trixie
MBEDTLS_FILE := mbedtls_3.6.6.orig.tar.bz2
MBEDTLS_SHA256 := 8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a

# Debian's stock kernel and busybox: what the demo partition runs.
KERNEL_NAME := debian-kernel-6.1.192-2
KERNEL_PACKAGE := linux-image-6.1.0-56-amd64
KERNEL_SUITE := bookworm
KERNEL_FILE := linux-image-6.1.0-56-amd64_6.1.192-2_amd64.deb
KERNEL_SHA256 := a86e2049672f52354c4536a089203b6c82639420424d31c91cf31a181fd4d8f1

BUSYBOX_NAME := busybox-1.35.0
BUSYBOX_PACKAGE := busybox-static
BUSYBOX_SUITE := bookworm
BUSYBOX_FILE := busybox-static_1.35.0-4+deb12u1+b1_amd64.deb
BUSYBOX_SHA256 := 3d3fdbe91d4660c873e14b092c213fe81c1da6362daa236eb25d0171eb108744

BOCHS_DIR := $(CACHE)/$(BOCHS_NAME)
NEWLIB_DIR := $(CACHE)/$(NEWLIB_NAME)/x86_64-elf
# by its configuration: checkouts of different versions share the cache
MBEDTLS_BOX_DIR := $(CACHE)/$(MBEDTLS_NAME)/box-$(shell sha256sum < bsp/newlib/mbedtls_box_config.h | cut -c1-8)
MBEDTLS_HOST_DIR := $(CACHE)/$(MBEDTLS_NAME)/host
DEBIAN_KERNEL_DIR := $(CACHE)/$(KERNEL_NAME)
BUSYBOX := $(CACHE)/$(BUSYBOX_NAME)/bin/busybox
