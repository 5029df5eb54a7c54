/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NEAR_H
#define CLI_NEAR_H

/* "did you mean": the one of several names that somebody meant who wrote another. */

#include <stddef.h>

struct near {
    const char *wanted;
    const char *best; /* NULL: none is near */
    size_t distance;
};

struct near near_begin(const char *wanted);

/* Looks at a name that there is, which has to live as long as NEAR. */
void near_offer(struct near *near, const char *name);

/* " (did you mean 'NAME'?)", or "", which the caller frees. */
char *near_hint(const struct near *near);

#endif
