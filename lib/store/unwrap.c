/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/error.h"
#include "codec/pack.h"
#include "store/unwrap.h"

#define ROOM_KEPT ((size_t)4 << 20) /* what is larger is given back after its frame */

void fl_unwrap_init(struct fl_unwrap *unwrap, const struct fl_store_env *env)
{
    memset(unwrap, 0, sizeof *unwrap);
    unwrap->env = env;
    fl_buf_init(&unwrap->bytes, env->mem);
}

void fl_unwrap_free(struct fl_unwrap *unwrap)
{
    fl_gcm_free(unwrap->gcm);
    fl_unpacker_free(unwrap->unpacker);
    fl_buf_free(&unwrap->bytes);
}

void *fl_unwrap_room(struct fl_unwrap *unwrap, size_t size)
{
    if (unwrap->bytes.capacity > ROOM_KEPT && size < ROOM_KEPT)
        fl_buf_free(&unwrap->bytes);
    fl_buf_clear(&unwrap->bytes);
    return fl_buf_reserve(&unwrap->bytes, size);
}

int fl_unwrap_key(struct fl_unwrap *unwrap, const struct fl_seal_front *seal, const char *path,
                  flow_error **err)
{
    return fl_seal_open(unwrap->env->sealing, seal, path, &unwrap->gcm, err);
}

/* Decrypts to TO, which may be the room. */
static int decrypt(struct fl_unwrap *unwrap, const struct fl_frame *frame, uint64_t at, void *to,
                   const char **why, flow_error **err)
{
    uint8_t nonce[FL_GCM_NONCE], aad[FL_FRAME_FRONT];
    const struct fl_gcm_text text = {
        nonce,
        {aad, FL_FRAME_AAD},
        {unwrap->bytes.data, frame->size},
    };

    fl_frame_nonce(at, nonce);
    fl_frame_aad(frame, aad);
    int rc = fl_gcm_decrypt(unwrap->gcm, &text, to, err);
    if (rc == FLOW_EPARSE)
        *why = "it is not what was encrypted there";
    return rc;
}

static int unpack(struct fl_unwrap *unwrap, const struct fl_frame *frame, void *to,
                  const char **why, flow_error **err)
{
    size_t size = frame->size - (frame->flags & FL_FRAME_SEALED ? FL_SEAL_TAG : 0);

    if (!unwrap->unpacker)
        unwrap->unpacker = fl_unpacker_new(unwrap->env->mem);
    if (!unwrap->unpacker)
        return fl_error_nomem(err);
    int rc = fl_unpacker_unpack(unwrap->unpacker, unwrap->bytes.data, size, to, frame->raw);
    if (rc)
        *why = "it cannot be decompressed";
    return rc;
}

int fl_unwrap(struct fl_unwrap *unwrap, const struct fl_frame *frame, uint64_t at, void *to,
              const char **why, flow_error **err)
{
    int is_packed = frame->flags & FL_FRAME_PACKED;
    int rc = FLOW_OK;

    if (frame->flags & FL_FRAME_SEALED)
        rc = decrypt(unwrap, frame, at, is_packed ? unwrap->bytes.data : to, why, err);
    if (!rc && is_packed)
        rc = unpack(unwrap, frame, to, why, err);
    return rc;
}
