/* SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/le.h"
#include "store/control.h"
#include "store/segment.h"

static const uint8_t magic[8] = {'F', 'L', 'O', 'W', 'C', 'T', 'L', '\n'};
#define FRONT 64u /* see encode */
#define POINT 32u
#define LIMIT ((size_t)1 << 30)
#define STRIPES_MAX 4096u
#define MODE 0666

static char *slot_path(const struct fl_store_env *env, const char *folder, unsigned slot)
{
    char name[16];

    snprintf(name, sizeof name, "control-%u", slot);
    return fl_store_path(env->mem, folder, name);
}

/* ---- to bytes ---- */

static void put_point(uint8_t *at, const struct fl_scan_point *point)
{
    at = fl_le64_put(at, point->epoch);
    at = fl_le64_put(at, point->at);
    at = fl_le64_put(at, point->last);
    fl_le64_put(at, point->needed);
}

static int encode(const struct fl_control *control, const struct fl_buf *state, struct fl_buf *out)
{
    size_t size = FRONT + control->points.count * POINT + state->size;
    uint8_t *front = fl_buf_reserve(out, size);

    if (!front)
        return FLOW_ENOMEM;
    memset(front, 0, FRONT);
    memcpy(front, magic, sizeof magic);
    uint8_t *at = fl_le32_put(front + sizeof magic, FL_STORE_VERSION);
    at = fl_le32_put(at, control->clean ? 1 : 0);
    memcpy(at, control->id, FL_STORE_ID);
    at = fl_le64_put(at + FL_STORE_ID, control->generation);
    at = fl_le32_put(at, (uint32_t)control->points.count);
    fl_le32_put(at, (uint32_t)size);
    for (size_t i = 0; i < control->points.count; i++)
        put_point(front + FRONT + i * POINT, fl_vec_at(&control->points, i));
    memcpy(front + size - state->size, state->data, state->size);
    fl_le32_put(front + FRONT - 4, fl_crc32c(0, front, size));
    out->size += size;
    return FLOW_OK;
}

/* Opens a slot; *CREATED tells whether its name has to be made durable. */
static int open_slot(const struct fl_store_env *env, const char *path, int *fd, int *created,
                     flow_error **err)
{
    flow_error *fault = NULL;
    int rc = fl_file_open(env->io, path, O_RDWR, MODE, fd, &fault);

    *created = rc == FLOW_ENOENT;
    if (*created) {
        flow_error_free(fault);
        return fl_file_open(env->io, path, O_RDWR | O_CREAT, MODE, fd, err);
    }
    if (rc)
        fl_error_pass(err, fault);
    return rc;
}

static int write_slot(const struct fl_store_env *env, const char *folder, const char *path,
                      const struct fl_buf *bytes, flow_error **err)
{
    struct iovec part = {bytes->data, bytes->size};
    int fd, created;
    int rc = open_slot(env, path, &fd, &created, err);

    if (rc)
        return rc;
    rc = fl_file_write_at(env->io, fd, &part, 1, 0, path, err);
    if (!rc)
        rc = fl_file_sync(env->io, fd, path, err);
    fl_file_close(env->io, fd);
    return rc || !created ? rc : fl_folder_sync(env->io, folder, err);
}

int fl_control_write(const struct fl_store_env *env, const char *folder,
                     const struct fl_control *control, const struct fl_buf *state, flow_error **err)
{
    char *path = slot_path(env, folder, control->generation % 2);
    struct fl_buf bytes;

    fl_buf_init(&bytes, env->mem);
    int rc = path && !encode(control, state, &bytes) ? FLOW_OK : fl_error_nomem(err);
    if (!rc)
        rc = write_slot(env, folder, path, &bytes, err);
    fl_buf_free(&bytes);
    fl_free(env->mem, path);
    return rc;
}

/* ---- from bytes ---- */

/* Whether BYTES begin with a whole control; it may be shorter than the file, which never shrinks.
 */
static int is_whole(struct fl_buf *bytes)
{
    if (bytes->size < FRONT || memcmp(bytes->data, magic, sizeof magic))
        return 0;
    uint64_t size = fl_le32_get(bytes->data + 44);
    uint64_t points = fl_le32_get(bytes->data + 40);
    uint32_t sum = fl_le32_get(bytes->data + FRONT - 4);
    if (size > bytes->size || points > STRIPES_MAX || size < FRONT + points * POINT)
        return 0;
    memset(bytes->data + FRONT - 4, 0, 4);
    bytes->size = (size_t)size;
    return fl_crc32c(0, bytes->data, bytes->size) == sum;
}

static int get_points(const uint8_t *at, size_t count, struct fl_control *control)
{
    control->points.count = 0;
    for (size_t i = 0; i < count; i++, at += POINT) {
        const struct fl_scan_point point = {fl_le64_get(at), fl_le64_get(at + 8),
                                            fl_le64_get(at + 16), fl_le64_get(at + 24)};
        if (!fl_vec_push(&control->points, &point))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Takes over a whole control that is later than what is known. */
static int decode(const struct fl_buf *bytes, struct fl_control *control, struct fl_state *state)
{
    const uint8_t *data = bytes->data;
    uint64_t generation = fl_le64_get(data + 32);
    size_t points = fl_le32_get(data + 40);
    size_t front = FRONT + points * POINT;

    if (generation <= control->generation)
        return FLOW_OK;
    memcpy(control->id, data + 16, FL_STORE_ID);
    control->generation = generation;
    control->clean = fl_le32_get(data + 12) == 1;
    int rc = get_points(data + FRONT, points, control);
    return rc ? rc : fl_state_join(state, data + front, bytes->size - front);
}

/* Whether a later version wrote the file, and which: not when with ours in its place it is whole,
 * for then that number is what is damaged. */
static uint32_t later_version(struct fl_buf *bytes)
{
    struct fl_buf ours = *bytes;

    if (bytes->size < 12 || memcmp(bytes->data, magic, sizeof magic))
        return 0;
    uint32_t version = fl_le32_get(bytes->data + 8);
    if (version <= FL_STORE_VERSION)
        return 0;
    fl_le32_put(bytes->data + 8, FL_STORE_VERSION);
    return is_whole(&ours) ? 0 : version; /* which leaves it without its checksum: damaged */
}

/* Takes over the bytes of a slot, if they are whole. */
static int take_slot(struct fl_buf *bytes, const char *path, struct fl_control *control,
                     struct fl_state *state, int *damaged, flow_error **err)
{
    uint32_t later = later_version(bytes);
    if (later)
        return flow_error_setf(err, FLOW_EABI,
                               "%s has version %u of the format, of which this library knows %u",
                               path, later, FL_STORE_VERSION);
    int rc = is_whole(bytes) ? decode(bytes, control, state) : FLOW_EPARSE;
    if (rc == FLOW_EPARSE)
        ++*damaged;
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : FLOW_OK;
}

int fl_control_read_slot(const struct fl_store_env *env, const char *path,
                         struct fl_control *control, struct fl_state *state, int *damaged,
                         flow_error **err)
{
    struct fl_buf bytes;
    flow_error *fault = NULL;

    fl_buf_init(&bytes, env->mem);
    int rc = fl_file_load(env->io, path, LIMIT, &bytes, &fault);
    if (!rc)
        rc = take_slot(&bytes, path, control, state, damaged, err);
    else if (rc == FLOW_ENOENT)
        rc = FLOW_OK;
    else
        flow_error_setf(err, rc, "%s", flow_error_message(fault));
    flow_error_free(fault);
    fl_buf_free(&bytes);
    return rc;
}

int fl_control_read(const struct fl_store_env *env, const char *folder, struct fl_control *control,
                    struct fl_state *state, int *damaged, flow_error **err)
{
    int rc = FLOW_OK;

    for (unsigned slot = 0; slot < 2 && !rc; slot++) {
        char *path = slot_path(env, folder, slot);
        rc = path ? fl_control_read_slot(env, path, control, state, damaged, err)
                  : fl_error_nomem(err);
        fl_free(env->mem, path);
    }
    return rc;
}
