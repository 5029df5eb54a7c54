/* SPDX-License-Identifier: Apache-2.0 */

#include "store/tour.h"

void fl_tour_begin(struct fl_tour *tour, const struct fl_survey *survey, struct fl_state *state,
                   size_t first, size_t end)
{
    *tour = (struct fl_tour){.survey = survey, .state = state, .next = first, .end = end};
}

void fl_tour_end(struct fl_tour *tour)
{
    if (tour->open)
        fl_walk_close(&tour->walk);
    tour->open = 0;
    tour->next = tour->end;
}

/* Opens the next segment that is part of the log, if there is one. */
static int open_next(struct fl_tour *tour, flow_error **err)
{
    while (tour->next < tour->end) {
        const struct fl_piece *piece = fl_vec_at(&tour->survey->pieces, tour->next++);
        if (piece->kind != FL_PIECE_SOUND && piece->kind != FL_PIECE_BROKEN)
            continue;
        int rc = fl_survey_walk(tour->survey, piece, tour->state, &tour->walk, err);
        tour->open = !rc;
        return rc;
    }
    return FLOW_OK;
}

int fl_tour_next(struct fl_tour *tour, struct fl_step *step, int *found, flow_error **err)
{
    int rc = FLOW_OK;

    *found = 0;
    while (!rc && !*found) {
        if (!tour->open) {
            rc = open_next(tour, err);
            if (rc || !tour->open)
                return rc;
        }
        rc = fl_walk_next(&tour->walk, step, found, err);
        if (!rc && !*found) {
            fl_walk_close(&tour->walk);
            tour->open = 0;
        }
    }
    return rc;
}
