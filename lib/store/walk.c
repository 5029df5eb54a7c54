/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/error.h"
#include "store/walk.h"

int fl_walk_open(struct fl_walk *walk, const struct fl_store_env *env, const char *folder,
                 uint64_t epoch, struct fl_state *state, flow_error **err)
{
    memset(walk, 0, sizeof *walk);
    walk->state = state;
    walk->stop = UINT64_MAX;
    fl_buf_init(&walk->payload, env->mem);
    return fl_scan_open(&walk->scan, env, folder, epoch, FL_SEGMENT_FRONT, err);
}

void fl_walk_close(struct fl_walk *walk)
{
    if (!walk->scan.env)
        return;
    fl_run_unref(walk->run);
    walk->run = NULL;
    fl_buf_free(&walk->payload);
    fl_scan_close(&walk->scan);
}

/* ---- sound frames ---- */

/* Whether only the checksum tells of what is behind the front. */
static int is_hidden(const struct fl_walk *walk, const struct fl_frame *frame)
{
    const struct fl_store_env *env = walk->scan.env;

    return frame->flags & FL_FRAME_SEALED && env->blind && !env->sealing;
}

/* Takes from the front what it tells. */
static int check_hidden(struct fl_walk *walk, const struct fl_frame *frame, flow_error **err)
{
    int rc = fl_scan_check(&walk->scan, frame, err);

    if (!rc && frame->type == FL_FRAME_STATE && fl_state_hide(walk->state, frame->first))
        rc = fl_error_nomem(err);
    if (!rc && frame->type == FL_FRAME_ACK && frame->first > walk->needed)
        walk->needed = frame->first;
    if (!rc && frame->type == FL_FRAME_DEAD && frame->first >= walk->needed)
        walk->needed = frame->first + 1;
    return rc;
}

static int load(struct fl_walk *walk, const struct fl_frame *frame, flow_error **err)
{
    fl_buf_clear(&walk->payload);
    void *to = fl_buf_reserve(&walk->payload, fl_frame_plain(frame));

    return to ? fl_scan_payload(&walk->scan, frame, to, err) : fl_error_nomem(err);
}

/* Joins an acknowledgement or a state. */
static int join(struct fl_walk *walk, const struct fl_frame *frame, flow_error **err)
{
    const uint8_t *bytes;
    uint32_t size = fl_frame_plain(frame);
    uint64_t end = 0;
    int rc = load(walk, frame, err);

    if (rc)
        return rc;
    bytes = walk->payload.data;
    if (frame->type == FL_FRAME_ACK) {
        rc = fl_state_join_ack(walk->state, bytes, size, frame->positions, &end);
    } else {
        rc = fl_state_join(walk->state, bytes, size);
        end = walk->state->next_offset;
    }
    if (!rc && end > walk->needed)
        walk->needed = end;
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

/* Checks the positions of a put as recovery will, and makes a run of its events, if it has any. */
static int load_put(struct fl_walk *walk, const struct fl_frame *frame, flow_error **err)
{
    int rc = FLOW_OK;

    if (frame->positions || !frame->count)
        rc = load(walk, frame, err);
    if (!rc && frame->positions)
        rc = fl_state_join_put(walk->state, frame, walk->payload.data + fl_frame_plain(frame));
    if (!rc && frame->count)
        rc = fl_reader_load(walk->scan.env, &walk->scan, frame, &walk->run, err);
    return rc;
}

/* Joins a dead letter, and makes a run of its event. */
static int load_dead(struct fl_walk *walk, const struct fl_frame *frame, flow_error **err)
{
    const struct fl_letter place = {.epoch = walk->scan.epoch,
                                    .at = walk->scan.payload_at - FL_FRAME_FRONT,
                                    .stripe = walk->stripe};
    uint32_t size = fl_frame_plain(frame);
    uint64_t end = 0;
    int rc = load(walk, frame, err);

    if (rc)
        return rc;
    rc = fl_state_join_dead(walk->state, walk->payload.data, size, &place, &end);
    if (!rc)
        rc = fl_letter_read(walk->payload.data, size, &walk->letter, &walk->text);
    if (!rc)
        rc = fl_letter_run(walk->scan.env, &walk->text, walk->letter.offset, &walk->run);
    if (!rc && end > walk->needed)
        walk->needed = end;
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

/* Reads what is behind the front; FLOW_EPARSE when that is damaged. */
static int read_payload(struct fl_walk *walk, const struct fl_frame *frame, flow_error **err)
{
    if (is_hidden(walk, frame))
        return check_hidden(walk, frame, err);
    switch (frame->type) {
    case FL_FRAME_PUT: return load_put(walk, frame, err);
    case FL_FRAME_ACK:
    case FL_FRAME_STATE: return join(walk, frame, err);
    case FL_FRAME_DEAD: return load_dead(walk, frame, err);
    case FL_FRAME_LOST: return FLOW_OK;
    default: return FLOW_EPARSE;
    }
}

static void note(struct fl_walk *walk, const struct fl_frame *frame)
{
    walk->synced = frame->synced;
    if (frame->type != FL_FRAME_PUT && frame->type != FL_FRAME_LOST)
        return;
    uint64_t end = frame->first + frame->count;
    walk->last = end > walk->last ? end : walk->last;
    walk->needed = walk->last > walk->needed ? walk->last : walk->needed;
}

/* ---- damaged places ---- */

/* Whether what looks like a front behind damage can be one; a body may hold bytes of a log. */
static int is_plausible(const struct fl_walk *walk, const struct fl_frame *frame, uint64_t place)
{
    if (frame->synced > place || frame->synced < walk->synced || !fl_frame_is_known(frame))
        return 0;
    return frame->type != FL_FRAME_PUT || frame->first >= walk->last;
}

/* Finds the next frame behind a front that is damaged; *PLACE 0: there is none. */
static int find_next(struct fl_walk *walk, uint64_t from, uint64_t *place, flow_error **err)
{
    struct fl_frame frame;
    int rc;

    do {
        rc = fl_scan_find(&walk->scan, from, &frame, place, err);
        from = *place + FL_FRAME_ALIGN;
    } while (!rc && *place && !is_plausible(walk, &frame, *place));
    return rc;
}

/* Whether there has to be a frame where the scan stands. */
static int is_needed(struct fl_walk *walk, int *needed, flow_error **err)
{
    uint64_t proof = 0;
    int rc = FLOW_OK;

    *needed = walk->scan.at < walk->end;
    if (!*needed && !walk->sealed) {
        rc = fl_scan_proof(&walk->scan, &proof, err);
        *needed = proof != 0;
    }
    return rc;
}

/* No sound frame is at `at`: that is damage up to some place, or the end. */
static int measure(struct fl_walk *walk, struct fl_step *step, int *found, flow_error **err)
{
    uint64_t behind = step->frame.type ? step->end : 0;
    int was_written = step->frame.type && walk->scan.whole;
    int rc = FLOW_OK;

    walk->scan.at = step->at;
    *found = 1;
    if (!was_written)
        rc = is_needed(walk, found, err);
    if (rc || !*found)
        return rc;
    if (!behind)
        rc = find_next(walk, step->at + FL_FRAME_FRONT, &behind, err);
    if (!behind)
        behind = walk->end > step->at ? walk->end : step->at + FL_FRAME_FRONT;
    for (size_t i = 0; i < 2; i++) {
        if (walk->cuts[i] > step->at && walk->cuts[i] < behind)
            behind = walk->cuts[i];
    }
    step->end = behind;
    walk->scan.at = behind;
    return rc;
}

/* Whether FRAME is of a later segment.  One of positions alone has the offset of the next event,
 * and that may be the first there. */
static int is_behind(const struct fl_walk *walk, const struct fl_frame *frame)
{
    return frame->type == FL_FRAME_PUT &&
           (frame->first > walk->stop || (frame->count && frame->first == walk->stop));
}

int fl_walk_next(struct fl_walk *walk, struct fl_step *step, int *found, flow_error **err)
{
    flow_error *fault = NULL;
    struct fl_frame frame;

    fl_run_unref(walk->run);
    walk->run = NULL;
    *step = (struct fl_step){.at = walk->scan.at};
    walk->scan.limit = walk->sealed ? walk->end : UINT64_MAX;
    int rc = fl_scan_next(&walk->scan, &frame, found, err);
    if (rc)
        return rc;
    if (!*found) {
        step->fault = "no frame is there";
        return measure(walk, step, found, err);
    }
    step->frame = frame;
    step->end = walk->scan.at;
    if (is_behind(walk, &frame)) {
        *found = 0;
        walk->scan.at = step->at;
        return FLOW_OK;
    }
    rc = read_payload(walk, &frame, &fault);
    if (rc == FLOW_EPARSE) {
        step->fault = fault ? "its payload is damaged" : "it makes no sense";
        flow_error_free(fault);
        return measure(walk, step, found, err);
    }
    if (rc)
        fl_error_pass(err, fault);
    else
        note(walk, &frame);
    return rc;
}
