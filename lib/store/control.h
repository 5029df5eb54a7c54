/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_CONTROL_H
#define FL_STORE_CONTROL_H

/*
 * Where to begin after a crash: for each stripe a place before which nothing has to be read again,
 * and the state at that time.  Two files take turns, so that one is whole whatever happens.
 */

#include "store/env.h"
#include "store/state.h"

struct fl_scan_point {
    uint64_t epoch; /* 0: from the beginning */
    uint64_t at;
    uint64_t last;   /* of that segment, see struct fl_segment_sum */
    uint64_t needed;
};

struct fl_control {
    uint8_t id[FL_STORE_ID];
    uint64_t generation; /* the state's */
    int clean;           /* the store was closed: nothing is behind the points */
    struct fl_vec points; /* of struct fl_scan_point, one a stripe */
};

/* Writes CONTROL and STATE to the file of FOLDER whose turn it is, durably. */
int fl_control_write(const struct fl_store_env *env, const char *folder,
                     const struct fl_control *control, const struct fl_buf *state,
                     flow_error **err);

/* As the next, of the one file PATH; one that is not there is none. */
int fl_control_read_slot(const struct fl_store_env *env, const char *path,
                         struct fl_control *control, struct fl_state *state, int *damaged,
                         flow_error **err);

/*
 * Reads the later whole file of FOLDER into CONTROL, unless that is later already, and joins its
 * state.  *DAMAGED counts files that are not whole.
 */
int fl_control_read(const struct fl_store_env *env, const char *folder, struct fl_control *control,
                    struct fl_state *state, int *damaged, flow_error **err);

#endif
