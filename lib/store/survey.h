/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_SURVEY_H
#define FL_STORE_SURVEY_H

/*
 * All that is in the folders of a store that nobody has open, and what of it is damaged.  Nothing
 * is written.
 */

#include "store/control.h"
#include "store/walk.h"

enum fl_piece_kind {
    FL_PIECE_SOUND,  /* its front is */
    FL_PIECE_BROKEN, /* its front is damaged */
    FL_PIECE_ABSENT, /* there is no such file; only its successor tells of it */
    FL_PIECE_UNUSED, /* no part of the log */
};

/* A segment. */
struct fl_piece {
    enum fl_piece_kind kind;
    uint32_t stripe;
    int sealed;                    /* a successor says how much of it counts */
    struct fl_segment_front front; /* of a broken one as far as it can be told from others */
    struct fl_segment_sum sum;     /* what it holds, or has to */
    uint64_t bytes;                /* of the file */
    uint64_t low;                  /* offsets in it are not smaller */
    uint64_t first_put;            /* UINT64_MAX: none */
    int64_t first_time;
    uint64_t events;
};

enum fl_fault_kind {
    FL_FAULT_FRONT, /* of a segment */
    FL_FAULT_FRAMES,
    FL_FAULT_ABSENT,  /* a whole segment */
    FL_FAULT_CONTROL, /* a control file */
    FL_FAULT_SEAL,    /* a copy of how the key of a segment is made */
};

struct fl_fault {
    enum fl_fault_kind kind;
    uint32_t stripe;
    uint64_t epoch;
    char *path; /* owned */
    uint64_t at, end;
    const char *what;
    uint64_t low, high; /* puts in there had offsets from `low` on and below `high` */
    int exact;          /* had all of these */
    uint64_t cuts[2];   /* see struct fl_walk */
    uint32_t synced;    /* of the frame before */
    int64_t time;
    int repaired;
    struct fl_ranges lost;
};

struct fl_survey {
    const struct fl_store_env *env;
    const char *control_folder;
    const char *const *folders;
    uint32_t stripes;

    struct fl_control control; /* generation 0: none is whole */
    struct fl_state state;
    struct fl_vec points; /* of struct fl_scan_point, one a stripe for each whole control file */
    int has_id;
    uint8_t id[FL_STORE_ID];
    struct fl_vec pieces;      /* of struct fl_piece: by stripe, then epoch */
    struct fl_vec faults;      /* of struct fl_fault */
    struct fl_ranges present;  /* offsets that can be read */
    struct fl_ranges given_up; /* by earlier repairs */
    uint64_t spares, spare_bytes;
    uint64_t first, end;
};

void fl_survey_init(struct fl_survey *survey, const struct fl_store_env *env);
void fl_survey_free(struct fl_survey *survey);

/* Reads everything, with `control_folder`, `folders` and `stripes` set; faults are no failure. */
int fl_survey_run(struct fl_survey *survey, flow_error **err);

/* The piece before INDEX in its stripe that is part of the log; NULL when there is none. */
struct fl_piece *fl_survey_before(const struct fl_survey *survey, size_t index);

/* Where reading of a segment may begin, by the control files; 0: nowhere in it. */
void fl_survey_cuts(const struct fl_survey *survey, uint32_t stripe, uint64_t epoch,
                    uint64_t cuts[2]);

/* Begins a walk through PIECE as far as it counts. */
int fl_survey_walk(const struct fl_survey *survey, const struct fl_piece *piece,
                   struct fl_state *state, struct fl_walk *walk, flow_error **err);

/* Whether some cursor of STATE needs OFFSET. */
int fl_state_needs(const struct fl_state *state, uint64_t offset);

void fl_fault_free(const struct fl_store_env *env, struct fl_fault *fault);

/* FOLDER's file NAME or segment EPOCH, which the caller frees; NULL without memory. */
char *fl_survey_path(const struct fl_survey *survey, uint32_t stripe, uint64_t epoch);

#endif
