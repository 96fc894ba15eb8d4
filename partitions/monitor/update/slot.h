/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot as an image: read from its partition, verified by image/verify.h, judged in the words of
 * the slot record.
 */
#ifndef UPDATE_SLOT_H
#define UPDATE_SLOT_H

#include "image/verify.h"
#include "update/block.h"
#include "update/decide.h"

/* The slot as verification reads it; `region` must stay where it is. */
struct image_source slot_source(const struct block_region *region);

/* The reason as the record keeps it. */
enum slot_fail slot_fail_of(enum image_error error);

/*
 * Verifies the manifest only, for what does not run: its signature, that it is for this box, and
 * what lies around it. `policy` has the floor. Fills *result and *verdict, whose is_recorded is
 * left false.
 */
void slot_inspect(const struct block_region *region, const struct verify_policy *policy, struct verify_result *result,
		  struct verdict *verdict);

/* What a finished verification says of a slot; is_recorded is left false. */
void slot_judge(const struct verify_result *result, struct verdict *verdict);

#endif
