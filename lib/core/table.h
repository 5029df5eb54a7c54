/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_TABLE_H
#define FL_CORE_TABLE_H

/*
 * Sized structs across the binary interface.  Each begins with its uint32_t struct_size as its
 * author's header had it, which may be older or newer than ours.
 */

#include <flow/error.h>

/*
 * Copies a table of functions: what THEIRS lacks reads as NULL in MINE, what it has beyond ours is
 * left out.  FLOW_EABI when it is smaller than MIN_SIZE.
 */
int fl_table_import(void *mine, size_t mine_size, size_t min_size, const void *theirs,
                    const char *what, flow_error **err);

/*
 * Copies options.  Unlike functions that we never call, options we do not know would be ignored,
 * so those that are not zero are refused: FLOW_EABI.  FLOW_EINVAL for a size that cannot be.
 */
int fl_options_import(void *mine, size_t mine_size, size_t min_size, const void *theirs,
                      const char *what, flow_error **err);

/* Fills THEIRS, which has THEIR_SIZE bytes, from MINE; members we do not know become 0.
 * FLOW_EINVAL when not even MIN_SIZE bytes fit. */
int fl_struct_export(void *theirs, size_t their_size, const void *mine, size_t mine_size,
                     size_t min_size);

/* Fills THEIRS, whose struct_size its owner has set, in the same way. */
int fl_table_export(void *theirs, const void *mine, size_t mine_size, size_t min_size);

#endif
