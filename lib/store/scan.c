/* SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "store/scan.h"

#define WINDOW ((size_t)1 << 20)

int fl_scan_open(struct fl_scan *scan, const struct fl_store_env *env, const char *folder,
                 uint64_t epoch, uint64_t at, flow_error **err)
{
    char name[FL_SEGMENT_NAME];

    memset(scan, 0, sizeof *scan);
    fl_segment_name(name, epoch);
    scan->env = env;
    scan->fd = -1;
    scan->epoch = epoch;
    scan->at = at;
    scan->limit = UINT64_MAX;
    fl_unwrap_init(&scan->unwrap, env);
    scan->path = fl_store_path(env->mem, folder, name);
    scan->window = fl_alloc(env->mem, WINDOW);
    int rc = scan->path && scan->window ? FLOW_OK : fl_error_nomem(err);
    if (!rc)
        rc = fl_file_open(env->io, scan->path, O_RDONLY, 0, &scan->fd, err);
    if (rc)
        fl_scan_close(scan);
    return rc;
}

void fl_scan_close(struct fl_scan *scan)
{
    if (!scan->env)
        return;
    fl_file_close(scan->env->io, scan->fd);
    fl_free(scan->env->mem, scan->path);
    fl_free(scan->env->mem, scan->window);
    fl_unwrap_free(&scan->unwrap);
    memset(scan, 0, sizeof *scan);
}

/* Makes the window hold SIZE bytes from AT on, or as many as there are; returns how many. */
static int look(struct fl_scan *scan, uint64_t at, size_t size, size_t *got, flow_error **err)
{
    int inside = at >= scan->window_at && at + size <= scan->window_at + scan->window_size;

    if (!inside) {
        scan->window_size = 0;
        scan->window_at = at;
        const struct iovec room = {scan->window, WINDOW};
        int rc = fl_file_read_at(scan->env->io, scan->fd, &room, (int64_t)at, &scan->window_size,
                                 scan->path, err);
        if (rc)
            return rc;
    }
    size_t there = scan->window_size - (size_t)(at - scan->window_at);
    *got = there < size ? there : size;
    return FLOW_OK;
}

void fl_scan_raise(struct fl_scan *scan, uint64_t limit)
{
    if (scan->window_at >= scan->limit)
        scan->window_size = 0;
    else if (scan->window_at + scan->window_size > scan->limit)
        scan->window_size = (size_t)(scan->limit - scan->window_at);
    scan->limit = limit;
}

static const uint8_t *bytes_at(const struct fl_scan *scan, uint64_t at)
{
    return scan->window + (at - scan->window_at);
}

static int later(const struct fl_scan *scan, const struct fl_frame *frame, flow_error **err)
{
    return flow_error_setf(err, FLOW_EABI,
                           "%s: the frame at byte %" PRIu64 " was written by a later version of "
                           "libflow (type %u, flags %u)",
                           scan->path, scan->at, frame->type, frame->flags);
}

int fl_scan_next(struct fl_scan *scan, struct fl_frame *frame, int *found, flow_error **err)
{
    size_t got = 0;

    *found = 0;
    if (scan->at + FL_FRAME_FRONT > scan->limit)
        return FLOW_OK;
    int rc = look(scan, scan->at, FL_FRAME_FRONT, &got, err);
    if (rc || got < FL_FRAME_FRONT)
        return rc;
    if (!fl_frame_read(bytes_at(scan, scan->at), frame) || frame->epoch != scan->epoch ||
        scan->at + fl_frame_span(frame) > scan->limit)
        return FLOW_OK;
    if (!fl_frame_is_known(frame))
        return later(scan, frame, err);
    scan->whole = 0;
    scan->payload_at = scan->at + FL_FRAME_FRONT;
    scan->at += fl_frame_span(frame);
    *found = 1;
    return FLOW_OK;
}

static int damaged(const struct fl_scan *scan, const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE,
                           "%s: the frame at byte %" PRIu64 " is damaged: %s; see `flow log "
                           "verify` and `flow log repair`",
                           scan->path, scan->payload_at - FL_FRAME_FRONT, what);
}

/* Reads the payload as it lies there. */
static int read_bytes(struct fl_scan *scan, const struct fl_frame *frame, void *to,
                      flow_error **err)
{
    size_t got = 0;
    int rc;

    if (frame->size <= WINDOW / 4) {
        rc = look(scan, scan->payload_at, frame->size, &got, err);
        if (!rc && got == frame->size)
            memcpy(to, bytes_at(scan, scan->payload_at), got);
    } else {
        const struct iovec room = {to, frame->size};
        rc = fl_file_read_at(scan->env->io, scan->fd, &room, (int64_t)scan->payload_at, &got,
                             scan->path, err);
    }
    if (rc)
        return rc;
    if (got < frame->size)
        return damaged(scan, "the file ends in it", err);
    if (fl_crc32c(0, to, frame->size) != frame->crc)
        return damaged(scan, "its checksum is wrong", err);
    scan->whole = 1;
    return FLOW_OK;
}

/* Finds out how the key of the segment is made.  All else that may be wrong with its front does not
 * matter here. */
static int find_seal(struct fl_scan *scan, flow_error **err)
{
    struct fl_segment_front front;
    flow_error *why = NULL;
    int rc = fl_segment_load(scan->env, scan->path, &front, &why);

    if (rc && rc != FLOW_EPARSE) {
        fl_error_pass(err, why);
        return rc;
    }
    flow_error_free(why);
    if (!front.seal.name[0] || front.seal.owner != scan->epoch)
        return damaged(scan, "nothing tells how its key is made", err);
    scan->seal = front.seal;
    return FLOW_OK;
}

int fl_scan_check(struct fl_scan *scan, const struct fl_frame *frame, flow_error **err)
{
    void *bytes = fl_unwrap_room(&scan->unwrap, frame->size);
    int rc = bytes ? read_bytes(scan, frame, bytes, err) : fl_error_nomem(err);

    if (!rc && frame->flags & FL_FRAME_SEALED && !scan->seal.name[0])
        rc = find_seal(scan, err);
    return rc;
}

int fl_scan_payload(struct fl_scan *scan, const struct fl_frame *frame, void *to, flow_error **err)
{
    const char *why = NULL;

    if (!(frame->flags & FL_FRAME_WRAPPED))
        return read_bytes(scan, frame, to, err);
    int rc = fl_scan_check(scan, frame, err);
    if (!rc && frame->flags & FL_FRAME_SEALED && !scan->unwrap.gcm)
        rc = fl_unwrap_key(&scan->unwrap, &scan->seal, scan->path, err);
    if (!rc)
        rc = fl_unwrap(&scan->unwrap, frame, scan->payload_at - FL_FRAME_FRONT, to, &why, err);
    return why ? damaged(scan, why, err) : rc;
}

int fl_scan_find(struct fl_scan *scan, uint64_t from, struct fl_frame *frame, uint64_t *place,
                 flow_error **err)
{
    size_t got = FL_FRAME_FRONT;
    int rc = FLOW_OK;

    *place = 0;
    for (uint64_t at = from; !rc && at + FL_FRAME_FRONT <= scan->limit; at += FL_FRAME_ALIGN) {
        rc = look(scan, at, FL_FRAME_FRONT, &got, err);
        if (rc || got < FL_FRAME_FRONT)
            break;
        if (fl_frame_read(bytes_at(scan, at), frame) && frame->epoch == scan->epoch) {
            *place = at;
            break;
        }
    }
    return rc;
}

int fl_scan_proof(struct fl_scan *scan, uint64_t *proof, flow_error **err)
{
    struct fl_frame frame;
    uint64_t from = scan->at;
    int rc;

    do {
        rc = fl_scan_find(scan, from, &frame, proof, err);
        from = *proof + FL_FRAME_ALIGN;
    } while (!rc && *proof && frame.synced <= scan->at);
    return rc;
}
