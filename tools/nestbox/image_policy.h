/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a box would ask of an image, where the person who asks did not say.
 */
#ifndef NESTBOX_IMAGE_POLICY_H
#define NESTBOX_IMAGE_POLICY_H

#include "image/verify.h"

/*
 * Partition, product, hardware revision and ABI as the image has them, so that the checks for them hold; the box has real values. Nothing
 * for what is no image.
 */
void policy_from_image(const uint8_t *bytes, size_t count, struct verify_policy *policy);

#endif
