/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what a Thrift server answers.  The first chooses the protocol and the size of the
 * pieces in which the rest comes, on which nothing may depend.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/thrift_call.h"

static void check_text(const struct fl_thrift_reply *reply, const struct fl_thrift_answer *answer)
{
    const char *data = (const char *)reply->bytes.data;

    if (answer->text &&
        (answer->text < data || answer->text + answer->text_size > data + reply->bytes.size))
        abort();
}

/* Reads one reply after the other and returns how many there were. */
static size_t read_all(enum fl_thrift_protocol protocol, const uint8_t *data, size_t size,
                       size_t step)
{
    struct fl_thrift_reply reply;
    struct fl_thrift_answer answer;
    size_t count = 0;
    size_t used;
    int rc = 0;

    fl_thrift_reply_init(&reply, NULL);
    for (size_t at = 0; at < size && rc >= 0; at += used) {
        size_t piece = size - at < step ? size - at : step;
        rc = fl_thrift_reply_feed(&reply, data + at, piece, &used, NULL);
        if (used > piece || (rc == 0 && used < piece))
            abort();
        if (rc != 1)
            continue;
        if (!fl_thrift_reply_read(&reply, protocol, &answer, NULL))
            check_text(&reply, &answer);
        fl_thrift_reply_clear(&reply);
        count++;
    }
    fl_thrift_reply_free(&reply);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    enum fl_thrift_protocol protocol = data[0] % 3;
    if (read_all(protocol, data + 1, size - 1, size) !=
        read_all(protocol, data + 1, size - 1, (size_t)data[0] / 3 + 1))
        abort();
    return 0;
}
