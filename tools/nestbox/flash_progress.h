/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a flash is: percent, MB/s, time left. 100 % is said only of what is on the medium.
 */
#ifndef NESTBOX_FLASH_PROGRESS_H
#define NESTBOX_FLASH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLASH_PROGRESS_TEXT 80

struct flash_progress {
	const char *step;     /* "writing" */
	uint64_t done, total; /* bytes */
	double seconds;	      /* since the start */
	bool is_final;	      /* and synced */
};

/* "writing   45 %    12.3 MB/s   0:42 left". Pure. */
void flash_progress_text(const struct flash_progress *progress, char text[FLASH_PROGRESS_TEXT]);

/* 0 to 99, and 100 only when it is final. */
unsigned int flash_progress_percent(const struct flash_progress *progress);

/* Shows it on standard error: on a terminal a line that changes, else a line every ten percent. */
void flash_progress_start(struct flash_progress *progress, const char *step, uint64_t total);
void flash_progress_add(struct flash_progress *progress, uint64_t bytes);
void flash_progress_end(struct flash_progress *progress);

#endif
