/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_SEGMENT_H
#define FL_STORE_SEGMENT_H

/* One file of the log: its name, its making, and what is known of it. */

#include "store/env.h"

struct fl_segment {
    struct fl_segment *newer;
    struct fl_segment_sum sum; /* final once it is sealed */
    uint64_t first;
    uint64_t before;  /* behind the last offset put to segments before it */
    int64_t time;     /* when it was begun */
    int64_t end_time; /* of the last put; 0: not known */
    int sealed;       /* gets nothing more */
    int encrypted;    /* what is secret in it is */
    int busy;         /* so much was written to it that another will be wanted soon */
};

#define FL_SEGMENT_NAME 64u /* room for a name */

/* "segment-" or "spare-" and NUMBER. */
void fl_segment_name(char name[FL_SEGMENT_NAME], uint64_t number);
void fl_spare_name(char name[FL_SEGMENT_NAME], uint64_t number);

/* Whether NAME is one of these, and its number. */
int fl_segment_is_name(const char *name, uint64_t *number);
int fl_spare_is_name(const char *name, uint64_t *number);

/* FOLDER/NAME, which the caller frees; NULL without memory. */
char *fl_store_path(const flow_allocator *mem, const char *folder, const char *name);

/*
 * Makes the file of a new segment in FOLDER, durably, and opens it: of the spare file SPARE, unless
 * that is 0.
 */
int fl_segment_create(const struct fl_store_env *env, const char *folder,
                      const struct fl_segment_front *front, uint64_t spare, int *fd,
                      flow_error **err);

/* Reads the front of the file PATH; FLOW_EPARSE and FLOW_EABI tell what is wrong with it. */
int fl_segment_load(const struct fl_store_env *env, const char *path,
                    struct fl_segment_front *front, flow_error **err);

/* Whether PATH, which is the name of segment NUMBER, holds that one, by its front. */
int fl_segment_check_name(const char *path, uint64_t number, const struct fl_segment_front *front,
                          flow_error **err);

#endif
