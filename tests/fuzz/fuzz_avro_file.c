/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as an Avro container.  The first two choose the size of the pieces in which the rest
 * comes, and a place from which it is read once more; the events must depend on neither.
 */

#include <stdlib.h>
#include <string.h>

#include <flow.h>

#include "batches.h"
#include "codec/avro_events.h"
#include "fuzz.h"

#define HEAD 2

/* Records without bytes cost a file nothing, so their number has to end somewhere. */
#define MOST_EVENTS 500

struct reading {
    const uint8_t *data; /* all of the file */
    size_t size;
    size_t step;
    size_t stop;    /* the number of events */
    size_t from;    /* where to begin, unless it is 0 */
    int64_t behind; /* records of the block there */
};

/* Memory of its own size, so that reading behind the end is seen, and at another address each time.
 */
static struct fl_piece_of_file window(uint8_t **room, const struct reading *r, size_t begin,
                                      size_t end)
{
    free(*room);
    *room = malloc(end > begin ? end - begin : 1);
    if (!*room)
        abort();
    if (end > begin)
        memcpy(*room, r->data + begin, end - begin);
    return (struct fl_piece_of_file){
        .data = *room, .size = end - begin, .last = end == r->size, .offset = (int64_t)begin};
}

static size_t grow(const struct reading *r, size_t end)
{
    return r->size - end < r->step ? r->size : end + r->step;
}

static int read_header(struct fl_avro_events *events, const struct reading *r, size_t *used)
{
    uint8_t *room = NULL;
    size_t end = 0;
    int rc = 0;

    while (rc == 0) {
        if (end == r->size && r->size > 0)
            abort(); /* it has seen all there is */
        end = grow(r, end);
        struct fl_piece_of_file piece = window(&room, r, 0, end);
        rc = fl_avro_events_begin(events, &piece, used, NULL);
    }
    free(room);
    return rc;
}

/* Returns the code that ended the reading; *AT is where it stands. */
static int read_all(struct fl_avro_events *events, const struct reading *r, flow_batch *batch,
                    size_t *at)
{
    uint8_t *room = NULL;
    size_t used;
    int rc = read_header(events, r, at);

    if (rc < 0)
        return rc;
    if (r->from > 0) {
        *at = r->from;
        fl_avro_events_resume(events, r->behind);
    }
    for (size_t end = *at; flow_batch_count(batch) < r->stop;) {
        size_t before = flow_batch_count(batch);
        struct fl_piece_of_file piece = window(&room, r, *at, end);
        size_t most = r->stop - before < 7 ? r->stop - before : 7;
        rc = fl_avro_events_read(events, &piece, most, batch, &used, NULL);
        if (used > piece.size)
            abort();
        *at += used;
        int moved = used > 0 || flow_batch_count(batch) > before;
        if (rc != FLOW_OK || (!moved && end == r->size))
            break;
        end = moved ? end : grow(r, end);
    }
    free(room);
    return rc < 0 ? rc : FLOW_OK;
}

static void run(flow_library *lib, const uint8_t *head, struct reading r)
{
    static const struct fl_event_headers none = {.count = 0};
    struct fl_avro_events events;
    flow_batch *batches[4];
    size_t at;

    for (int i = 0; i < 4; i++) {
        if (flow_batch_new(lib, &batches[i], NULL) != FLOW_OK)
            abort();
    }
    fl_avro_events_init(&events, NULL);
    events.headers = &none;
    r.step = r.size > 0 ? r.size : 1;
    r.stop = MOST_EVENTS;
    int rc = read_all(&events, &r, batches[0], &at);
    r.step = (size_t)head[0] + 1;
    if (read_all(&events, &r, batches[1], &at) != rc ||
        !batches_are_equal(batches[0], 0, batches[1]))
        abort();
    /* To some event, and then from there. */
    r.stop = head[1] % (flow_batch_count(batches[0]) + 1);
    if (read_all(&events, &r, batches[2], &at) == FLOW_OK) {
        r.from = at;
        r.behind = events.records;
        r.stop = flow_batch_count(batches[0]) - r.stop;
        read_all(&events, &r, batches[3], &at);
        if (!batches_are_equal(batches[0], flow_batch_count(batches[2]), batches[3]))
            abort();
    }
    fl_avro_events_free(&events);
    for (int i = 0; i < 4; i++)
        flow_batch_free(batches[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flow_library *lib;

    if (size < HEAD || size > 8192)
        return 0;
    if (flow_library_new(NULL, &lib, NULL) != FLOW_OK)
        abort();
    run(lib, data, (struct reading){.data = data + HEAD, .size = size - HEAD});
    if (flow_library_free(lib, NULL) != FLOW_OK)
        abort();
    return 0;
}
