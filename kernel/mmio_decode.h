/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes the few MOV forms that reach a device register (SECURITY B4: no general emulator). Pure: bytes in, description out.
 * Source: Intel SDM volume 2 "Instruction Format", "MOV", "MOVZX", "MOVSX".
 */
#ifndef KERNEL_MMIO_DECODE_H
#define KERNEL_MMIO_DECODE_H

#include "bsp/types.h"

struct mmio_insn {
	bool is_write;
	bool has_immediate;    /* write of .immediate, else of register .gpr */
	bool sign_extend;      /* MOVSX */
	bool high_byte;        /* AH, CH, DH, BH */
	u8 size;               /* of the access, bytes: 1, 2, 4 or 8 */
	u8 register_size;      /* of the destination register of a read */
	u8 gpr;
	u8 length;             /* of the instruction, bytes */
	u64 immediate;
};

/* code: 64 for 64-bit code, 32 or 16 by CS.D. False: not one of the forms, or not whole within available bytes. */
bool must_check mmio_decode(const u8 *bytes, u32 available, u32 code, struct mmio_insn *insn);

#endif
