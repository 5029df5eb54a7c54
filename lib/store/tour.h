/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_TOUR_H
#define FL_STORE_TOUR_H

/* Reads once more, segment by segment, what a survey has read. */

#include "store/survey.h"

struct fl_tour {
    const struct fl_survey *survey;
    struct fl_state *state; /* joined to, and not looked at */
    size_t next, end;       /* pieces */
    int open;
    struct fl_walk walk;
};

/* From the piece at index FIRST on, up to END. */
void fl_tour_begin(struct fl_tour *tour, const struct fl_survey *survey, struct fl_state *state,
                   size_t first, size_t end);
void fl_tour_end(struct fl_tour *tour);

/* *FOUND is 0 behind the last frame. */
int fl_tour_next(struct fl_tour *tour, struct fl_step *step, int *found, flow_error **err);

#endif
