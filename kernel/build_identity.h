/* SPDX-License-Identifier: Apache-2.0 */
/* What this build is, made by tools/build_id.py: the identity of source, version, label and compiler; the name, with what was linked. */
#ifndef KERNEL_BUILD_IDENTITY_H
#define KERNEL_BUILD_IDENTITY_H

extern const char build_name[];
extern const unsigned char build_identity[16];

#endif
