/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as a file of lines.  The first three choose the character set, the policy and limit,
 * and the size of the pieces in which the rest comes; the events must not depend on the latter.
 */

#include <stdlib.h>
#include <string.h>

#include <flow.h>

#include "batches.h"
#include "codec/line_reader.h"
#include "fuzz.h"

#define HEAD 3

struct choice {
    const char *charset;
    int policy;
    size_t limit;
    size_t step;
};

static struct choice choose(const uint8_t *data)
{
    static const char *const charsets[] = {"UTF-8", "UTF-16",   "UTF-16LE", "ISO-8859-1",
                                           "GBK",   "US-ASCII", "UTF-32",   "Shift_JIS"};

    return (struct choice){.charset = charsets[data[0] % 8],
                           .policy = data[1] % 3,
                           .limit = (size_t)(data[1] / 3 % 20) + 1,
                           .step = (size_t)(data[2] % 40) + 1};
}

/* Reads it all in pieces of STEP more bytes; returns the code that ended it. */
static int read_all(struct fl_line_reader *line, const uint8_t *data, size_t size, size_t step,
                    flow_batch *batch)
{
    size_t done = fl_line_reader_begin(line, data, size < 4 ? size : 4);
    size_t end = done;

    for (;;) {
        size_t consumed;
        struct fl_piece_of_file piece = {
            .data = data + done, .size = end - done, .last = end == size};
        int rc = fl_line_reader_read(line, &piece, 3, batch, &consumed, NULL);
        if (consumed > piece.size)
            abort();
        done += consumed;
        if (rc != FLOW_OK)
            return rc;
        if (consumed == 0 && end == size) {
            if (done != size)
                abort(); /* bytes would be lost */
            return FLOW_OK;
        }
        if (consumed == 0)
            end = size - end < step ? size : end + step;
    }
}

static void run(flow_library *lib, const struct choice *choice, const uint8_t *data, size_t size)
{
    struct fl_charset *in = NULL;
    struct fl_charset *out = NULL;
    struct fl_line_reader line;
    flow_batch *whole = NULL;
    flow_batch *pieces = NULL;

    if (fl_charset_open(NULL, choice->charset, choice->policy, &in, NULL) != FLOW_OK ||
        fl_charset_open(NULL, "UTF-8", FL_CHARSET_REPLACE, &out, NULL) != FLOW_OK ||
        flow_batch_new(lib, &whole, NULL) != FLOW_OK ||
        flow_batch_new(lib, &pieces, NULL) != FLOW_OK)
        abort();
    fl_line_reader_init(&line, NULL, in, out, choice->limit);
    int rc = read_all(&line, data, size, size > 0 ? size : 1, whole);
    if (rc != read_all(&line, data, size, choice->step, pieces))
        abort();
    if (!batches_are_equal(whole, 0, pieces))
        abort();
    fl_line_reader_free(&line);
    flow_batch_free(whole);
    flow_batch_free(pieces);
    fl_charset_free(in);
    fl_charset_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flow_library *lib;

    if (size < HEAD || size > 4096)
        return 0;
    struct choice choice = choose(data);
    if (flow_library_new(NULL, &lib, NULL) != FLOW_OK)
        abort();
    run(lib, &choice, data + HEAD, size - HEAD);
    if (flow_library_free(lib, NULL) != FLOW_OK)
        abort();
    return 0;
}
