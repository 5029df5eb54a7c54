/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CRASH_IMAGES_H
#define TESTS_CRASH_IMAGES_H

/* What crashes could have left of a disk whose operations were recorded, tried one by one; and the
 * command line of the programs that do so. */

#include "sim_disk.h"

struct images_options {
    const char *program;
    uint64_t seed, runs, torn, only; /* `only`: this operation, 0: all */
    double seconds;
};

/* Says what is wrong with IMAGE, of which all that came before operation AT is promised, or NULL.
 */
typedef const char *(*images_inspect)(void *self, struct sim_disk *image, uint64_t at);

struct images {
    const struct images_options *options;
    struct sim_disk *disk;
    images_inspect inspect;
    void *self;
    uint64_t count; /* tried */
};

/* Tries the disk as it was after each operation; returns 1 when something was wrong. */
int images_try(struct images *images);

/* Calls RUN with one seed after the other and sums up; returns what `main` does. */
int images_main(const char *program, int argc, char **argv,
                int (*run)(const struct images_options *options, uint64_t seed, uint64_t *images));

#endif
