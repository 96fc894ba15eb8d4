/* SPDX-License-Identifier: Apache-2.0 */
/* An L2 with a virtual APIC: the pages L1 gives it, shared by the vmx_apic*.c chapters. */
#ifndef VMX_APIC_H
#define VMX_APIC_H

#include "guest.h"
#include "vmx.h"

enum { VECTOR_LOW = 0x61, VECTOR_HIGH = 0x92, VECTOR_NOTIFICATION = 0xE1, VECTOR_OTHER = 0xE9 };
#define RFLAGS_IF 0x200u
#define X2APIC(offset) (0x800u + (offset) / 16)
enum { APIC_PPR = 0xA0, APIC_SELF_IPI = 0x3F0 };

/* As hardware has them; the descriptor stands on a page of its own, as Bochs wants it. */
extern struct page virtual_apic, access_page, descriptor_page;
u32 *apic_register(u32 offset);
bool apic_bit(u32 array, u32 vector);

/* vmx_apic_code.S; each ends with VMCALL */
extern const u8 l2_load32[], l2_store32[], l2_sti_nops[], l2_sti_hlt[], l2_hlt_only[], l2_wait[], l2_wrmsr_nops[], l2_lower_cr8[];

/* world_reset() with a TPR shadow and these secondary controls; pages empty; external-interrupt exiting if delivery is on. */
void apic_world(u32 secondary);
/* Can this machine? */
bool apic_can(u32 secondary);
void apic_expect(u32 reason, u32 wanted, const char *what);

/* How L2's handler of VECTOR_LOW and VECTOR_HIGH ends an interrupt. */
enum eoi_way { EOI_NONE, EOI_MSR, EOI_PAGE };
extern volatile enum eoi_way eoi_way;
/* Makes a vector requested (IRR and RVI) as L1 does before an entry. */
void apic_request(u32 vector);
#define STATUS(svi, rvi) ((svi) << 8 | (rvi))

void vmx_test_apic_access(void);
void vmx_test_apic_x2(void);
void vmx_test_apic_delivery(void);
void vmx_test_apic_posted(void);

#endif
