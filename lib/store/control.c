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
#define FLAGS_AT 12u
#define FLOOR_AT 48u
#define CLEAN 1u
#define SEALED 2u /* the state is encrypted; how its key is made stands before it */
#define SPANS 4u  /* there are spans in the state */
#define POINT 32u
#define LIMIT ((size_t)1 << 30)
#define STRIPES_MAX 4096u
#define MODE 0666

char *fl_control_path(const struct fl_store_env *env, const char *folder, unsigned slot)
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

static void put_front(const struct fl_control *control, size_t size, uint32_t flags, uint8_t *front)
{
    memset(front, 0, FRONT);
    memcpy(front, magic, sizeof magic);
    uint8_t *at = fl_le32_put(front + sizeof magic, FL_STORE_VERSION);
    at = fl_le32_put(at, flags);
    memcpy(at, control->id, FL_STORE_ID);
    at = fl_le64_put(at + FL_STORE_ID, control->generation);
    at = fl_le32_put(at, (uint32_t)control->points.count);
    at = fl_le32_put(at, (uint32_t)size);
    fl_le64_put(at, control->floor);
    for (size_t i = 0; i < control->points.count; i++)
        put_point(front + FRONT + i * POINT, fl_vec_at(&control->points, i));
}

/* Encrypts the state to what is at AT bytes behind FRONT, with a key that is used for this alone.
 */
static int seal_state(const struct fl_store_env *env, const struct fl_control *control,
                      const struct fl_buf *state, uint8_t *front, size_t at, flow_error **err)
{
    static const uint8_t nonce[FL_GCM_NONCE];
    const struct fl_gcm_text text = {
        nonce,
        {front, at},
        {state->data, state->size},
    };
    struct fl_seal_front seal;
    struct fl_gcm *gcm = NULL;
    int rc = fl_seal_begin(env->sealing, control->generation, &seal, &gcm, err);

    if (rc)
        return rc;
    fl_seal_front_write(&seal, front + at - FL_SEAL_FRONT);
    rc = fl_gcm_encrypt(gcm, &text, front + at, err);
    fl_gcm_free(gcm);
    return rc;
}

static uint32_t flags_of(const struct fl_control *control, int sealed)
{
    return (control->clean ? CLEAN : 0) | (sealed ? SEALED : 0) | (control->has_spans ? SPANS : 0);
}

static int encode(const struct fl_store_env *env, const struct fl_control *control,
                  const struct fl_buf *state, struct fl_buf *out, flow_error **err)
{
    int sealed = fl_sealing_is_active(env->sealing);
    size_t at = FRONT + control->points.count * POINT + (sealed ? FL_SEAL_FRONT : 0);
    size_t size = at + state->size + (sealed ? FL_SEAL_TAG : 0);
    uint8_t *front = size > LIMIT ? NULL : fl_buf_reserve(out, size);
    int rc = FLOW_OK;

    if (!front)
        return fl_error_nomem(err);
    put_front(control, size, flags_of(control, sealed), front);
    if (sealed)
        rc = seal_state(env, control, state, front, at, err);
    else
        memcpy(front + at, state->data, state->size);
    fl_le32_put(front + FRONT - 4, fl_crc32c(0, front, size));
    out->size += size;
    return rc;
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

/* Where nothing may be read any more, zeroes go over what the file held behind BYTES. */
static int cover(const struct fl_store_env *env, const char *path, struct fl_buf *bytes,
                 flow_error **err)
{
    struct stat found;
    int there = env->io->stat(env->io->self, path, &found) == 0;
    size_t size = there && found.st_size > 0 ? (size_t)found.st_size : 0;

    if (size <= bytes->size || size > LIMIT)
        return FLOW_OK;
    uint8_t *rest = fl_buf_reserve(bytes, size - bytes->size);
    if (!rest)
        return fl_error_nomem(err);
    memset(rest, 0, size - bytes->size);
    bytes->size = size;
    return FLOW_OK;
}

static int write_slot(const struct fl_store_env *env, const char *folder, const char *path,
                      struct fl_buf *bytes, flow_error **err)
{
    int fd, created;
    int rc = fl_sealing_is_active(env->sealing) ? cover(env, path, bytes, err) : FLOW_OK;

    if (!rc)
        rc = open_slot(env, path, &fd, &created, err);
    if (rc)
        return rc;
    struct iovec part = {bytes->data, bytes->size};
    rc = fl_file_write_at(env->io, fd, &part, 1, 0, path, err);
    if (!rc)
        rc = fl_file_sync(env->io, fd, path, err);
    fl_file_close(env->io, fd);
    return rc || !created ? rc : fl_folder_sync(env->io, folder, err);
}

int fl_control_write(const struct fl_store_env *env, const char *folder,
                     const struct fl_control *control, const struct fl_buf *state, flow_error **err)
{
    char *path = fl_control_path(env, folder, control->generation % 2);
    struct fl_buf bytes;

    fl_buf_init(&bytes, env->mem);
    int rc = path ? encode(env, control, state, &bytes, err) : fl_error_nomem(err);
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

/* Decrypts the state in BYTES, which begins AT bytes behind their front and how its key is made
 * before that.  FLOW_EPARSE, without an error object, when it is not what was encrypted. */
static int open_state(const struct fl_store_env *env, struct fl_buf *bytes, size_t at,
                      const char *path, flow_error **err)
{
    static const uint8_t nonce[FL_GCM_NONCE];
    struct fl_seal_front seal;
    struct fl_gcm *gcm = NULL;

    if (at > bytes->size || !fl_seal_front_read(bytes->data + at - FL_SEAL_FRONT, &seal))
        return FLOW_EPARSE;
    int rc = fl_seal_open(env->sealing, &seal, path, &gcm, err);
    if (rc)
        return rc;
    const struct fl_gcm_text text = {
        nonce,
        {bytes->data, at},
        {bytes->data + at, bytes->size - at},
    };
    rc = fl_gcm_decrypt(gcm, &text, bytes->data + at, err);
    fl_gcm_free(gcm);
    if (!rc)
        bytes->size -= FL_SEAL_TAG;
    return rc;
}

/* Joins the state, decrypted if there are keys, or if there have to be. */
static int take_state(const struct fl_store_env *env, struct fl_buf *bytes, const char *path,
                      const struct fl_control *control, struct fl_state *state, flow_error **err)
{
    int sealed = (fl_le32_get(bytes->data + FLAGS_AT) & SEALED) != 0;
    size_t at = FRONT + fl_le32_get(bytes->data + 40) * POINT + (sealed ? FL_SEAL_FRONT : 0);
    int rc = FLOW_OK;

    if (sealed && !env->sealing && env->blind)
        return fl_state_hide(state, control->floor) ? fl_error_nomem(err) : FLOW_OK;
    if (sealed)
        rc = open_state(env, bytes, at, path, err);
    if (rc)
        return rc;
    rc = fl_state_join(state, bytes->data + at, bytes->size - at);
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

/* Takes over a whole control that is later than what is known. */
static int decode(const struct fl_store_env *env, struct fl_buf *bytes, const char *path,
                  struct fl_control *control, struct fl_state *state, flow_error **err)
{
    struct fl_control found = *control;
    const uint8_t *data = bytes->data;

    found.generation = fl_le64_get(data + 32);
    if (found.generation <= control->generation)
        return FLOW_OK;
    memcpy(found.id, data + 16, FL_STORE_ID);
    found.clean = (fl_le32_get(data + FLAGS_AT) & CLEAN) != 0;
    found.floor = fl_le64_get(data + FLOOR_AT);
    int rc = state ? take_state(env, bytes, path, &found, state, err) : FLOW_OK;
    if (rc)
        return rc;
    rc = get_points(data + FRONT, fl_le32_get(data + 40), &found);
    *control = found;
    return rc ? fl_error_nomem(err) : FLOW_OK;
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

static int later_flags(const char *path, flow_error **err)
{
    return flow_error_setf(err, FLOW_EABI, "%s was written by a later version of libflow", path);
}

/* Takes over the bytes of a slot, if they are whole. */
static int take_slot(const struct fl_store_env *env, struct fl_buf *bytes, const char *path,
                     struct fl_control *control, struct fl_state *state, flow_error **err)
{
    uint32_t later = later_version(bytes);
    if (later)
        return flow_error_setf(err, FLOW_EABI,
                               "%s has version %u of the format, of which this library knows %u",
                               path, later, FL_STORE_VERSION);
    if (!is_whole(bytes))
        return FLOW_EPARSE;
    if (fl_le32_get(bytes->data + FLAGS_AT) & ~(CLEAN | SEALED | SPANS))
        return later_flags(path, err);
    return decode(env, bytes, path, control, state, err);
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
        rc = take_slot(env, &bytes, path, control, state, err);
    else if (rc == FLOW_ENOENT)
        rc = FLOW_OK;
    else
        flow_error_setf(err, rc, "%s", flow_error_message(fault));
    *damaged += rc == FLOW_EPARSE;
    flow_error_free(fault);
    fl_buf_free(&bytes);
    return rc == FLOW_EPARSE ? FLOW_OK : rc;
}

/* The generation that a slot claims to have, if it is any. */
static uint64_t claim_of(const struct fl_store_env *env, const char *folder, unsigned slot)
{
    uint8_t front[FRONT] = {0};
    const struct iovec room = {front, sizeof front};
    char *path = fl_control_path(env, folder, slot);
    size_t got = 0;
    int fd = -1;

    if (path && !fl_file_open(env->io, path, O_RDONLY, 0, &fd, NULL))
        fl_file_read_at(env->io, fd, &room, 0, &got, path, NULL);
    fl_file_close(env->io, fd);
    fl_free(env->mem, path);
    return got == FRONT ? fl_le64_get(front + 32) : 0;
}

unsigned fl_control_later(const struct fl_store_env *env, const char *folder)
{
    return claim_of(env, folder, 1) > claim_of(env, folder, 0);
}

int fl_control_read(const struct fl_store_env *env, const char *folder, struct fl_control *control,
                    struct fl_state *state, int *damaged, flow_error **err)
{
    unsigned later = fl_control_later(env, folder);
    int rc = FLOW_OK;

    for (unsigned i = 0; i < 2 && !rc; i++) {
        char *path = fl_control_path(env, folder, later ^ i);
        rc = path ? fl_control_read_slot(env, path, control, state, damaged, err)
                  : fl_error_nomem(err);
        fl_free(env->mem, path);
    }
    return rc;
}
