/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_LOGDIR_H
#define FL_STORE_LOGDIR_H

/* The inside of a flow_logdir. */

#include <flow/logdir.h>

#include "store/folder_lock.h"
#include "store/tour.h"

/* A fault as it is told. */
struct fl_told {
    char *file;
    char *message;
    uint64_t at, end;
    int repaired;
};

struct flow_logdir {
    flow_library *lib;
    struct fl_store_env env;
    char *control;
    struct fl_vec folders; /* of char * */
    struct fl_vec locks;   /* of struct fl_folder_lock */
    struct fl_survey survey;
    struct fl_vec told;    /* of struct fl_told */
    struct fl_ranges lost; /* by these */
    struct fl_tour tour;
    struct fl_state scratch;
};

/* Adds to OUT those offsets that can be read and that MARK is not done with. */
int fl_logdir_waiting(const flow_logdir *dir, const struct fl_mark *mark, struct fl_ranges *out);

#endif
