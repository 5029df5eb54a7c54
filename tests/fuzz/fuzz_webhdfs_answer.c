/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as an answer of a WebHDFS server; the first two are the operation and the status. */

#include "fuzz.h"
#include "sinks/hdfs/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 201, 307, 401, 403, 404, 500};
    struct fl_hdfs_reply reply;
    struct fl_buf body;

    if (size < 2)
        return 0;
    fl_buf_init(&body, NULL);
    if (!fl_buf_append(&body, data + 2, size - 2)) {
        fl_hdfs_reply_read((enum fl_hdfs_op)(data[0] % 6), statuses[data[1] % 7], &body, &reply);
        flow_error_free(reply.error);
    }
    fl_buf_free(&body);
    return 0;
}
