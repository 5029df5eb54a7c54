/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_CONTROL_H
#define FL_STORE_CONTROL_H

/*
 * Where to begin after a crash: for each stripe a place before which nothing has to be read again,
 * and the state at that time, which is encrypted when anything is.  Two files take turns, so that
 * one is whole whatever happens.
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
    int has_spans;       /* the state has some */
    uint64_t floor;      /* below this offset nothing is needed, as the state says too */
    struct fl_vec points; /* of struct fl_scan_point, one a stripe */
};

/* Writes CONTROL and STATE to the file of FOLDER whose turn it is, durably. */
int fl_control_write(const struct fl_store_env *env, const char *folder,
                     const struct fl_control *control, const struct fl_buf *state,
                     flow_error **err);

/*
 * As the next, of the one file PATH; one that is not there is none.  STATE may be NULL: then it is
 * not looked at.  FLOW_ECONFIG, with the name of the key, when that is not there.
 */
int fl_control_read_slot(const struct fl_store_env *env, const char *path,
                         struct fl_control *control, struct fl_state *state, int *damaged,
                         flow_error **err);

/* Which of the two files of FOLDER seems to be the later one, and is to be read first: the other
 * may need a key that is not there any more. */
unsigned fl_control_later(const struct fl_store_env *env, const char *folder);

/* The file SLOT of FOLDER, which the caller frees; NULL without memory. */
char *fl_control_path(const struct fl_store_env *env, const char *folder, unsigned slot);

/*
 * Reads the later whole file of FOLDER into CONTROL, unless that is later already, and joins its
 * state.  *DAMAGED counts files that are not whole.
 */
int fl_control_read(const struct fl_store_env *env, const char *folder, struct fl_control *control,
                    struct fl_state *state, int *damaged, flow_error **err);

#endif
