/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DSDT as iasl made it: dsdt.aml is found in the build folder (-Wa,-I).
 */
	.section .rodata.acpi_dsdt, "a", @progbits
	.global acpi_dsdt
	.global acpi_dsdt_end
	.balign 16
acpi_dsdt:
	.incbin "dsdt.aml"
acpi_dsdt_end:
	.section .note.GNU-stack, "", @progbits
