/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>

#include "container.h"

static void skip(struct container *container, size_t size)
{
    ck_assert_uint_le(size, container->rest.size);
    container->rest.data += size;
    container->rest.size -= size;
    container->rest.offset += (int64_t)size;
}

int container_open(struct container *container, const void *data, size_t size, flow_error **err)
{
    size_t used;

    container->rest = (struct fl_piece_of_file){.data = data, .size = size, .last = 1};
    int rc = fl_avro_reader_open(NULL, &container->rest, &container->reader, &used, err);
    ck_assert_int_ne(rc, 0); /* nothing can be missing of the last piece */
    skip(container, used);
    return rc < 0 ? rc : FLOW_OK;
}

void container_close(struct container *container)
{
    fl_avro_reader_close(container->reader);
}

int container_next(struct container *container, struct fl_avro_block *block)
{
    int rc = fl_avro_reader_block(container->reader, &container->rest, block, NULL);

    if (rc > 0)
        skip(container, block->used);
    return rc;
}

int container_check(const void *data, size_t size)
{
    struct container container;
    struct fl_avro_block block;
    int rc = container_open(&container, data, size, NULL);

    if (rc)
        return rc;
    do
        rc = container_next(&container, &block);
    while (rc > 0);
    container_close(&container);
    return rc;
}
