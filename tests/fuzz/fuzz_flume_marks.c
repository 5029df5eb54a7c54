/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as each of the small files beside the logs of Flume's file channel. */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/flume_log.h"
#include "wire/md5.h"

/* The list gets the checksum that it ought to have, which nobody would guess. */
static void walk_inflight(const uint8_t *data, size_t size)
{
    struct fl_flume_inflight inflight;
    uint8_t *list = malloc(FL_MD5_SIZE + size);
    int64_t transaction;
    uint64_t pointer;
    size_t count = 0;

    if (!list)
        return;
    fl_md5(data, size, list);
    if (size > 0)
        memcpy(list + FL_MD5_SIZE, data, size);
    if (fl_flume_inflight_open(list, FL_MD5_SIZE + size, &inflight))
        abort();
    while (fl_flume_inflight_next(&inflight, &transaction, &pointer))
        count++;
    if (count > size / 8)
        abort();
    free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_flume_log_meta meta;
    struct fl_flume_checkpoint checkpoint;

    if (!fl_flume_log_meta_read(data, size, &meta) && (meta.log < 0 || meta.position < 0))
        abort();
    if (!fl_flume_log_head_read(data, size, &meta) && (meta.log < 0 || meta.position < 0))
        abort();
    (void)fl_flume_checkpoint_read(data, size, &checkpoint);
    (void)fl_flume_checkpoint_meta_read(data, size, &checkpoint);
    walk_inflight(data, size);
    return 0;
}
