/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The AVRO deserializer, on files that Avro's Java library wrote; bodies.txt has what Flume's own
 * AvroEventDeserializer makes of each of them, the hash first.
 */

#include <stdio.h>
#include <string.h>

#include <flow.h>

#include "codec/avro_events.h"
#include "failing.h"
#include "io/file.h"
#include "suite.h"
#include "unpack.h"

#define FOLDER TEST_DATA "/avro/"
#define ROWS 60

struct rig {
    flow_library *lib;
    flow_batch *batch;
    struct fl_event_headers headers;
    struct fl_avro_events events;
    struct fl_buf data;
};

/* Where a reading stands. */
struct place {
    int64_t offset;
    int64_t records;
};

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    ck_assert_int_eq(flow_library_new(NULL, &rig->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(rig->lib, &rig->batch, NULL), FLOW_OK);
    fl_avro_events_init(&rig->events, NULL);
    rig->events.headers = &rig->headers;
    fl_buf_init(&rig->data, NULL);
}

static void rig_free(struct rig *rig)
{
    fl_buf_free(&rig->data);
    fl_avro_events_free(&rig->events);
    flow_batch_free(rig->batch);
    ck_assert_int_eq(flow_library_free(rig->lib, NULL), FLOW_OK);
}

static void load(struct fl_buf *out, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, FOLDER "%s", name);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 100000, out, NULL), FLOW_OK);
}

/* What a window of a file holds, in memory of its own, so that it moves whenever it grows. */
static struct fl_piece_of_file window(uint8_t **room, const struct fl_buf *data, size_t begin,
                                      size_t end)
{
    fl_free(NULL, *room);
    *room = fl_alloc(NULL, end - begin + 1);
    if (end > begin)
        memcpy(*room, data->data + begin, end - begin);
    return (struct fl_piece_of_file){
        .data = *room, .size = end - begin, .last = end == data->size, .offset = (int64_t)begin};
}

static size_t grow(const struct fl_buf *data, size_t end, size_t step)
{
    return data->size - end < step ? data->size : end + step;
}

/* Reads the header through a window that grows by STEP. */
static int begin(struct rig *rig, size_t step, size_t *done, flow_error **err)
{
    uint8_t *room = NULL;
    size_t end = 0;
    int rc = 0;

    while (rc == 0) {
        ck_assert(end < rig->data.size || end == 0 || rig->data.size == 0);
        end = grow(&rig->data, end, step);
        struct fl_piece_of_file piece = window(&room, &rig->data, 0, end);
        rc = fl_avro_events_begin(&rig->events, &piece, done, err);
    }
    fl_free(NULL, room);
    return rc;
}

/* Reads all of the file from FROM on, if that is not NULL, by MAX events a call.  Returns what
 * ended it; *AT is where it got to. */
static int read_all(struct rig *rig, size_t step, size_t max, const struct place *from,
                    struct place *at, flow_error **err)
{
    uint8_t *room = NULL;
    size_t done;
    int rc = begin(rig, step, &done, err);

    if (rc < 0)
        return rc;
    if (from) {
        done = (size_t)from->offset;
        fl_avro_events_resume(&rig->events, from->records);
    }
    for (size_t end = done;;) {
        size_t before = flow_batch_count(rig->batch);
        size_t used;
        struct fl_piece_of_file piece = window(&room, &rig->data, done, end);
        rc = fl_avro_events_read(&rig->events, &piece, max, rig->batch, &used, err);
        ck_assert_uint_le(used, piece.size);
        ck_assert_uint_le(flow_batch_count(rig->batch) - before, max);
        done += used;
        int moved = used > 0 || flow_batch_count(rig->batch) > before;
        if (rc || (!moved && end == rig->data.size))
            break;
        end = moved ? end : grow(&rig->data, end, step);
    }
    *at = (struct place){(int64_t)done, rig->events.records};
    fl_free(NULL, room);
    return rc;
}

/* The next line of TEXT. */
static const char *next_line(const char **text, size_t *size)
{
    const char *line = *text;

    *size = strcspn(line, "\n");
    *text = line + *size + 1;
    return line;
}

/* Compares the batch with the rows from FIRST on; there are COUNT of them. */
static void check_rows(const struct rig *rig, size_t first, size_t count)
{
    struct fl_buf expected;
    size_t size;

    fl_buf_init(&expected, NULL);
    load(&expected, "bodies.txt");
    const char *at = fl_buf_cstr(&expected);
    const char *hash = next_line(&at, &size);
    ck_assert_uint_eq(size, strlen(rig->events.hash));
    ck_assert_mem_eq(hash, rig->events.hash, size);
    ck_assert_uint_eq(flow_batch_count(rig->batch), count);
    for (size_t row = 0; row < first + count; row++) {
        const char *line = next_line(&at, &size);
        size_t body_size = 2 * size;
        const uint8_t *body =
            row < first ? NULL
                        : flow_event_body(flow_batch_event(rig->batch, row - first), &body_size);
        ck_assert(row < first || body_size == size / 2);
        for (size_t i = 0; body && i < body_size; i++) {
            char hex[3];
            snprintf(hex, sizeof hex, "%02x", body[i]);
            ck_assert_msg(memcmp(line + 2 * i, hex, 2) == 0, "row %zu, byte %zu", row, i);
        }
    }
    fl_buf_free(&expected);
}

static void check_file(const char *name, const char *format)
{
    static const size_t steps[] = {1, 7, 64, 1000, 100000};
    static const size_t most[] = {1, 3, 1000};
    struct rig rig;
    struct place at;

    if (!can_unpack(format))
        return;
    rig_init(&rig);
    load(&rig.data, name);
    for (size_t i = 0; i < 15; i++) {
        flow_batch_clear(rig.batch);
        ck_assert_int_eq(read_all(&rig, steps[i / 3], most[i % 3], NULL, &at, NULL), FLOW_OK);
        check_rows(&rig, 0, ROWS);
        ck_assert_int_eq(at.offset, (int64_t)rig.data.size - FL_AVRO_SYNC_SIZE);
        ck_assert_int_eq(at.records, 0);
    }
    rig_free(&rig);
}

START_TEST(bodies_are_those_that_flume_makes)
{
    check_file("null.avro", "null");
    check_file("deflate.avro", "raw deflate");
    check_file("snappy.avro", "raw snappy");
    check_file("bzip2.avro", "bzip2");
    check_file("zstandard.avro", "zstd");
}
END_TEST

START_TEST(the_schema_is_at_hand)
{
    struct rig rig;
    struct place at;
    size_t size;

    rig_init(&rig);
    load(&rig.data, "null.avro");
    ck_assert_int_eq(read_all(&rig, 100000, 1000, NULL, &at, NULL), FLOW_OK);
    const char *schema = fl_avro_events_schema(&rig.events, &size);
    ck_assert_ptr_nonnull(memmem(rig.data.data, rig.data.size, schema, size));
    ck_assert(schema[0] == '{' && schema[size - 1] == '}');
    ck_assert_ptr_nonnull(memmem(schema, size, "\"doc\":\"a row\"", 13));
    rig_free(&rig);
}
END_TEST

/* From each place that is reached all that follows can be read, and nothing twice. */
static void check_resuming(const char *name)
{
    struct rig rig;
    struct rig again;
    struct place at;
    uint8_t *room = NULL;
    size_t done;

    rig_init(&rig);
    rig_init(&again);
    load(&rig.data, name);
    load(&again.data, name);
    ck_assert_int_eq(begin(&rig, 1000, &done, NULL), 1);
    for (size_t row = 0; row <= ROWS; row++) {
        const struct place place = {(int64_t)done, rig.events.records};
        size_t used;
        flow_batch_clear(again.batch);
        ck_assert_int_eq(read_all(&again, 100, 7, &place, &at, NULL), FLOW_OK);
        check_rows(&again, row, ROWS - row);
        struct fl_piece_of_file piece = window(&room, &rig.data, done, rig.data.size);
        ck_assert_int_eq(fl_avro_events_read(&rig.events, &piece, 1, rig.batch, &used, NULL),
                         FLOW_OK);
        done += used;
    }
    fl_free(NULL, room);
    rig_free(&rig);
    rig_free(&again);
}

START_TEST(reading_goes_on_from_any_place)
{
    check_resuming("null.avro");
    check_resuming("deflate.avro");
}
END_TEST

/* What is there is read, and then the cut is told with the byte at which it is. */
START_TEST(a_file_cut_anywhere_is_read_up_to_there)
{
    struct rig rig;
    struct place at;
    size_t size;
    size_t whole = 0;

    rig_init(&rig);
    load(&rig.data, "null.avro");
    size = rig.data.size;
    for (size_t cut = 0; cut < size; cut++) {
        flow_error *err = NULL;
        rig.data.size = cut;
        flow_batch_clear(rig.batch);
        int rc = read_all(&rig, 300, 10, NULL, &at, &err);
        whole += rc == FLOW_OK;
        ck_assert(rc == FLOW_OK || rc == FLOW_EPARSE);
        ck_assert(rc == FLOW_OK || cut < 4 || strstr(flow_error_message(err), "at byte ") != NULL);
        if (flow_batch_count(rig.batch) > 0)
            check_rows(&rig, 0, flow_batch_count(rig.batch));
        flow_error_free(err);
    }
    /* Between two blocks nobody can see it. */
    ck_assert_uint_gt(whole, 3);
    ck_assert_uint_lt(whole, 30);
    rig_free(&rig);
}
END_TEST

/* A container of one block, COUNT records in the bytes of RECORDS. */
static void put_file(struct fl_buf *out, const char *schema, int64_t count, const char *records,
                     size_t size)
{
    fl_buf_clear(out);
    fl_buf_append(out, "Obj\1", 4);
    fl_avro_put_long(out, schema ? 1 : 0);
    if (schema) {
        fl_avro_put_text(out, "avro.schema");
        fl_avro_put_text(out, schema);
        fl_avro_put_long(out, 0);
    }
    fl_buf_text(out, "0123456789abcdef");
    fl_avro_put_long(out, count);
    fl_avro_put_bytes(out, records, size);
    fl_buf_text(out, "0123456789abcdef");
}

/* Reads what is in `data` and expects WHY as its end, behind COUNT events. */
static void expect_end(struct rig *rig, size_t count, const char *why)
{
    flow_error *err = NULL;
    struct place at;

    flow_batch_clear(rig->batch);
    int rc = read_all(rig, 100000, 5, NULL, &at, &err);
    ck_assert_int_eq(rc, why ? FLOW_EPARSE : FLOW_OK);
    ck_assert_msg(!why || strstr(flow_error_message(err), why) != NULL, "%s",
                  flow_error_message(err));
    ck_assert_uint_eq(flow_batch_count(rig->batch), count);
    flow_error_free(err);
}

START_TEST(what_breaks_the_schema_ends_the_reading)
{
    struct rig rig;

    rig_init(&rig);
    put_file(&rig.data, "\"string\"", 3, "\2a\2b\6c", 6);
    expect_end(&rig, 2, "no record of the schema behind 2 records of the block at byte 27");
    put_file(&rig.data, "\"string\"", 2, "\2a\2bcd", 6);
    expect_end(&rig, 2, "something that is no record behind 2 records of the block at byte 27");
    put_file(&rig.data, "\"string\"", 4, "\2a\2b", 4);
    expect_end(&rig, 2, "no record of the schema behind 2");
    put_file(&rig.data, "\"string\"", -1, "\2a", 2);
    expect_end(&rig, 0, "a block of a negative size");
    put_file(&rig.data, "\"string\"", INT64_MAX, "\2a", 2);
    expect_end(&rig, 0, "a block too large");
    put_file(&rig.data, "\"string\"", 0, "", 0);
    expect_end(&rig, 0, NULL);
    put_file(&rig.data, "\"null\"", 12, "", 0);
    expect_end(&rig, 12, NULL);
    rig_free(&rig);
}
END_TEST

START_TEST(headers_that_cannot_be_used_are_refused)
{
    struct rig rig;

    rig_init(&rig);
    expect_end(&rig, 0, "does not begin with 'Obj' 1");
    fl_buf_text(&rig.data, "no container at all");
    expect_end(&rig, 0, "does not begin with 'Obj' 1");
    put_file(&rig.data, NULL, 1, "\2a", 2);
    expect_end(&rig, 0, "its header has no schema");
    put_file(&rig.data, "\"strong\"", 1, "\2a", 2);
    expect_end(&rig, 0, "nothing defines the type 'strong'");
    put_file(&rig.data, "{", 1, "\2a", 2);
    expect_end(&rig, 0, "not JSON");
    rig_free(&rig);
}
END_TEST

START_TEST(sizes_beyond_the_limits_are_not_waited_for)
{
    struct rig rig;
    size_t done;

    rig_init(&rig);
    put_file(&rig.data, "\"string\"", 1, "", 0);
    rig.data.size -= 1 + FL_AVRO_SYNC_SIZE;
    fl_avro_put_long(&rig.data, (int64_t)FL_AVRO_BLOCK_MAX + 1);
    expect_end(&rig, 0, "a block too large at byte");

    /* One that could be is waited for, though it would take no memory before it is there. */
    put_file(&rig.data, "\"string\"", 1, "", 0);
    rig.data.size -= 1 + FL_AVRO_SYNC_SIZE;
    fl_avro_put_long(&rig.data, (int64_t)FL_AVRO_BLOCK_MAX);
    expect_end(&rig, 0, "a block cut short at byte");
    ck_assert_int_eq(begin(&rig, 1000, &done, NULL), 1);
    struct fl_piece_of_file piece = {.data = rig.data.data + done, .size = rig.data.size - done};
    ck_assert_int_eq(fl_avro_events_read(&rig.events, &piece, 1, rig.batch, &done, NULL), FLOW_OK);
    ck_assert_uint_eq(done, 0);
    rig_free(&rig);
}
END_TEST

START_TEST(a_batch_ends_when_its_bytes_are_many)
{
    struct rig rig;
    size_t done;
    size_t used;

    rig_init(&rig);
    rig.headers.items[0] = (flow_header){"h", "12345678", 1, 8};
    rig.headers.count = 1;
    put_file(&rig.data, "\"string\"", 5, "\2a\2b\2c\2d\2e", 10);
    ck_assert_int_eq(begin(&rig, 1000, &done, NULL), 1);
    struct fl_piece_of_file piece = {
        .data = rig.data.data + done, .size = rig.data.size - done, .last = 1};
    rig.events.room = 11; /* two bytes of body and eight of header each */
    ck_assert_int_eq(fl_avro_events_read(&rig.events, &piece, 9, rig.batch, &used, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(rig.batch), 2);
    ck_assert_uint_eq(used, 0);
    ck_assert_int_eq(rig.events.records, 2);
    ck_assert_str_eq(flow_event_header(flow_batch_event(rig.batch, 1), "h", NULL), "12345678");
    rig_free(&rig);
}
END_TEST

START_TEST(a_place_that_is_not_there_is_refused)
{
    struct rig rig;
    struct place at;
    flow_error *err = NULL;

    rig_init(&rig);
    put_file(&rig.data, "\"string\"", 2, "\2a\2b", 4);
    const struct place place = {27, 3};
    ck_assert_int_eq(read_all(&rig, 1000, 9, &place, &at, &err), FLOW_EPARSE);
    ck_assert_ptr_nonnull(
        strstr(flow_error_message(err), "the block at byte 27 has 2 records, not the 3 that"));
    ck_assert_uint_eq(flow_batch_count(rig.batch), 0);
    flow_error_free(err);
    rig_free(&rig);
}
END_TEST

/* A call that fails for want of memory can be made again. */
START_TEST(every_lack_of_memory_can_be_overcome)
{
    struct rig rig;
    struct failing failing;
    uint8_t *room = NULL;
    int64_t grants = 0;
    int rc = FLOW_ENOMEM;

    rig_init(&rig);
    failing_init(&failing);
    load(&rig.data, "deflate.avro");
    fl_avro_events_init(&rig.events, &failing.allocator);
    rig.events.headers = &rig.headers;
    struct fl_piece_of_file piece = window(&room, &rig.data, 0, rig.data.size);
    for (size_t used = 0; rc < 0; grants++) {
        failing_after(&failing, grants);
        rc = fl_avro_events_begin(&rig.events, &piece, &used, NULL);
        ck_assert(rc == 1 || rc == FLOW_ENOMEM);
        piece = window(&room, &rig.data, rc == 1 ? used : 0, rig.data.size);
    }
    for (grants = 0; flow_batch_count(rig.batch) < ROWS; grants++) {
        size_t used;
        failing_after(&failing, grants % 3);
        rc = fl_avro_events_read(&rig.events, &piece, 1000, rig.batch, &used, NULL);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        piece = window(&room, &rig.data, (size_t)piece.offset + used, rig.data.size);
    }
    check_rows(&rig, 0, ROWS);
    fl_free(NULL, room);
    rig_free(&rig);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"as flume", bodies_are_those_that_flume_makes},
        {"schema", the_schema_is_at_hand},
        {"resuming", reading_goes_on_from_any_place},
        {"cut", a_file_cut_anywhere_is_read_up_to_there},
        {"broken records", what_breaks_the_schema_ends_the_reading},
        {"broken headers", headers_that_cannot_be_used_are_refused},
        {"sizes", sizes_beyond_the_limits_are_not_waited_for},
        {"room", a_batch_ends_when_its_bytes_are_many},
        {"no such place", a_place_that_is_not_there_is_refused},
        {"no memory", every_lack_of_memory_can_be_overcome},
    };

    return RUN_SUITE("codec/avro_events", tests);
}
