/* SPDX-License-Identifier: Apache-2.0 */

#include <zstd.h>

#include "base/mem.h"
#include "codec/pack.h"

struct fl_packer {
    const flow_allocator *mem;
    ZSTD_CCtx *context;
};

struct fl_unpacker {
    const flow_allocator *mem;
    ZSTD_DCtx *context;
};

struct fl_packer *fl_packer_new(const flow_allocator *mem, int level)
{
    struct fl_packer *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return NULL;
    made->mem = mem;
    made->context = ZSTD_createCCtx();
    if (!made->context ||
        ZSTD_isError(ZSTD_CCtx_setParameter(made->context, ZSTD_c_compressionLevel, level))) {
        fl_packer_free(made);
        return NULL;
    }
    return made;
}

void fl_packer_free(struct fl_packer *packer)
{
    if (!packer)
        return;
    ZSTD_freeCCtx(packer->context);
    fl_free(packer->mem, packer);
}

size_t fl_packer_pack(struct fl_packer *packer, const void *in, size_t size, void *out, size_t room)
{
    size_t packed = ZSTD_compress2(packer->context, out, room, in, size);

    return ZSTD_isError(packed) ? 0 : packed;
}

struct fl_unpacker *fl_unpacker_new(const flow_allocator *mem)
{
    struct fl_unpacker *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return NULL;
    made->mem = mem;
    made->context = ZSTD_createDCtx();
    if (!made->context) {
        fl_unpacker_free(made);
        return NULL;
    }
    return made;
}

void fl_unpacker_free(struct fl_unpacker *unpacker)
{
    if (!unpacker)
        return;
    ZSTD_freeDCtx(unpacker->context);
    fl_free(unpacker->mem, unpacker);
}

int fl_unpacker_unpack(struct fl_unpacker *unpacker, const void *in, size_t size, void *out,
                       size_t wanted)
{
    if (ZSTD_getFrameContentSize(in, size) != wanted ||
        ZSTD_findFrameCompressedSize(in, size) != size)
        return FLOW_EPARSE;
    return ZSTD_decompressDCtx(unpacker->context, out, wanted, in, size) == wanted ? FLOW_OK
                                                                                   : FLOW_EPARSE;
}
