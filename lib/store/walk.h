/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_WALK_H
#define FL_STORE_WALK_H

/* Reads one segment from its beginning to its end, damaged places included, and checks all of it:
 * for tools that look at a log from outside. */

#include "store/reader.h"

struct fl_walk {
    struct fl_scan scan;
    struct fl_state *state; /* what acknowledgements and states say is joined to */
    struct fl_buf payload;
    struct fl_run *run;         /* of the step, when it is a sound put or letter */
    struct fl_letter letter;    /* of the step, when it is a sound letter */
    struct fl_letter_text text; /* of it; lies in the payload */
    int sealed;         /* the segment ends at `end`; else there at least */
    uint64_t end;
    uint64_t
        cuts[2];     /* scan points: nothing damaged reaches over one, as reading may begin there */
    uint64_t stop;   /* a put of an offset from here on does not belong to it */
    uint64_t last;   /* behind the last offset that was put so far */
    uint64_t needed; /* or acknowledged, or, of a state, given out */
    uint32_t synced; /* of the last sound frame */
    uint32_t stripe;
};

/* A frame, or a place where one should be. */
struct fl_step {
    struct fl_frame frame; /* `type` 0: its front is damaged too */
    uint64_t at, end;
    const char *fault; /* NULL: it is sound */
};

/* Begins with the segment EPOCH of FOLDER; `sealed` and all behind it may be set afterwards. */
int fl_walk_open(struct fl_walk *walk, const struct fl_store_env *env, const char *folder,
                 uint64_t epoch, struct fl_state *state, flow_error **err);
void fl_walk_close(struct fl_walk *walk); /* also when it was never opened, but zeroed */

/* *FOUND is 0 at the end of the segment, where the scan then stands. */
int fl_walk_next(struct fl_walk *walk, struct fl_step *step, int *found, flow_error **err);

#endif
