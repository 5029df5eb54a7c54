/* SPDX-License-Identifier: Apache-2.0 */

/* The files of Flume's file channel, as the real Flume wrote them (see tests/data/flume-log). */

#include <stdlib.h>
#include <string.h>

#include "codec/crc32.h"
#include "flume_writer.h"
#include "io/file.h"
#include "suite.h"
#include "wire/flume_log.h"

#define DATA TEST_DATA "/flume-log/"
#define LIMIT 100000

static const char *const versions[] = {"1.7.0", "1.9.0", "1.11.0"};

static struct fl_buf load(const char *folder, const char *name)
{
    struct fl_buf path;
    struct fl_buf bytes;

    fl_buf_init(&path, NULL);
    fl_buf_init(&bytes, NULL);
    ck_assert_int_eq(fl_buf_printf(&path, DATA "%s/%s", folder, name), FLOW_OK);
    ck_assert_int_eq(fl_file_load(fl_io_system(), fl_buf_cstr(&path), LIMIT, &bytes, NULL),
                     FLOW_OK);
    fl_buf_free(&path);
    return bytes;
}

/* ---- records ---- */

/* A record of version 3 in memory of its own size, so that reading behind the end is seen. */
struct exact {
    uint8_t *data;
    size_t size;
};

static struct exact copy_of(const uint8_t *data, size_t size)
{
    struct exact exact = {malloc(size ? size : 1), size};

    memcpy(exact.data, data, size);
    return exact;
}

/* What was found in logs. */
struct tally {
    unsigned kinds[5];
    unsigned headers;
    int64_t last_order;
};

static void check_put(struct fl_flume_put *put, struct tally *tally)
{
    struct fl_flume_header header;
    int has_number = 0;
    int rc;

    ck_assert(!put->has_checksum ||
              put->checksum == fl_crc32(put->body.at, fl_proto_left(&put->body)));
    while ((rc = fl_flume_header_next(put, &header)) > 0) {
        has_number |= fl_proto_left(&header.name) == 1 && *header.name.at == 'n';
        tally->headers++;
    }
    ck_assert_int_eq(rc, 0);
    ck_assert(has_number);
}

static void check_record(struct fl_flume_record *record, struct tally *tally)
{
    tally->kinds[record->kind]++;
    ck_assert_int_gt(record->order, tally->last_order);
    tally->last_order = record->order;
    if (record->kind == FL_FLUME_PUT)
        check_put(&record->put, tally);
    if (record->kind == FL_FLUME_TAKE)
        ck_assert_uint_le(record->taken >> 32, 2);
}

static void check_cuts(const struct exact *whole)
{
    struct fl_flume_record record;

    for (size_t size = 0; size < whole->size; size++) {
        struct exact cut = copy_of(whole->data, size);
        ck_assert_int_eq(fl_flume_record_read(cut.data, cut.size, &record), FLOW_EPARSE);
        free(cut.data);
    }
}

static void walk(const struct fl_buf *log, struct tally *tally)
{
    struct fl_flume_record head;
    struct fl_flume_record record;
    size_t at = 0;

    tally->last_order = 0;
    while (log->data[at] == FL_FLUME_RECORD) {
        size_t size = (size_t)fl_flume_be32(log->data + at + 1);
        ck_assert_uint_le(size, log->size - at - FL_FLUME_FRAME_SIZE);
        struct exact exact = copy_of(log->data + at + FL_FLUME_FRAME_SIZE, size);
        ck_assert_int_eq(fl_flume_record_read(exact.data, size, &record), FLOW_OK);
        check_record(&record, tally);
        check_cuts(&exact);

        size_t some = size < FL_FLUME_HEAD_MAX ? size : FL_FLUME_HEAD_MAX;
        ck_assert_int_eq(fl_flume_record_head(exact.data, some, &head), FLOW_OK);
        ck_assert(head.kind == record.kind && head.order == record.order &&
                  head.transaction == record.transaction);
        ck_assert(head.kind == FL_FLUME_PUT || size <= FL_FLUME_HEAD_MAX);
        free(exact.data);
        at += FL_FLUME_FRAME_SIZE + size;
    }
    ck_assert_uint_eq(log->data[at], FL_FLUME_END);
    ck_assert_uint_eq(at, log->size - 1);
}

START_TEST(every_record_of_flume_is_read)
{
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct fl_buf one = load(versions[i], "data0/log-1");
        struct fl_buf two = load(versions[i], "data1/log-2");
        struct tally tally = {0};

        walk(&one, &tally);
        walk(&two, &tally);
        ck_assert_uint_eq(tally.kinds[FL_FLUME_PUT], 22);
        ck_assert_uint_eq(tally.kinds[FL_FLUME_TAKE], 7);
        ck_assert_uint_eq(tally.kinds[FL_FLUME_ROLLBACK], 1);
        ck_assert_uint_eq(tally.kinds[FL_FLUME_COMMIT], 5);
        /* Each event has "n", every third "text", every fifth "empty". */
        ck_assert_uint_eq(tally.headers, 22 + 7 + 4);
        fl_buf_free(&one);
        fl_buf_free(&two);
    }
}
END_TEST

START_TEST(a_record_of_version_2_tells_where_it_ends)
{
    struct fl_buf log = load("version2", "data0/log-1");
    struct fl_flume_log_meta meta;
    struct fl_flume_record record;
    struct tally tally = {0};
    size_t at = FL_FLUME_LOG_HEAD_SIZE;
    size_t used = 0;

    ck_assert_int_eq(fl_flume_log_head_read(log.data, at - 1, &meta), FLOW_EPARSE);
    ck_assert_int_eq(fl_flume_log_head_read(log.data, at, &meta), FLOW_OK);
    ck_assert_int_eq(meta.version, 2);
    ck_assert_int_eq(meta.log, 1);
    ck_assert(meta.position > 0 && meta.order > 0);
    for (; log.data[at] == FL_FLUME_RECORD; at += 1 + used) {
        const uint8_t *data = log.data + at + 1;
        ck_assert_int_eq(fl_flume_record2_read(data, log.size - at - 1, &record, &used), FLOW_OK);
        check_record(&record, &tally);
        for (size_t size = 0; size < used; size++) {
            struct exact cut = copy_of(data, size);
            size_t less;
            ck_assert_int_eq(fl_flume_record2_read(cut.data, size, &record, &less), FL_FLUME_SHORT);
            free(cut.data);
        }
    }
    ck_assert_uint_eq(log.data[at], FL_FLUME_END);
    ck_assert_uint_eq(tally.kinds[FL_FLUME_PUT], 14);
    ck_assert_uint_eq(tally.kinds[FL_FLUME_TAKE], 5);
    ck_assert_uint_eq(tally.kinds[FL_FLUME_ROLLBACK], 2);
    ck_assert_uint_eq(tally.kinds[FL_FLUME_COMMIT], 4);
    fl_buf_free(&log);
}
END_TEST

#define READ2(text) fl_flume_record2_read(text, sizeof(text) - 1, &record, &used)
#define HEAD2(kind) "\xde\xad\xbe\xef\0" kind "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2"

START_TEST(version_2_refuses_what_flume_does_not_write)
{
    struct fl_flume_record record;
    size_t used;

    ck_assert_int_eq(READ2("\xde\xad\xbe\xee\0\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2"), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\0")), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\5")), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\3")), FLOW_OK);
    ck_assert_int_eq(READ2(HEAD2("\4") "\0\1"), FLOW_OK);
    ck_assert_int_eq(READ2(HEAD2("\4") "\0\3"), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\2") "\x80\0\0\0\0\0\0\1"), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\2") "\0\0\0\1\x80\0\0\0"), FLOW_EPARSE);
    /* Of a put: no headers and no body, classes of headers, and negative sizes. */
    ck_assert_int_eq(READ2(HEAD2("\1") "\0\0\0\0\0\xff\xff\xff\xff"), FLOW_OK);
    ck_assert_uint_eq(fl_proto_left(&record.put.body), 0);
    ck_assert_int_eq(READ2(HEAD2("\1") "\1\0\0\0\0\0\0\0\0"), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\1") "\0\xff\xff\xff\xff\0\0\0\0"), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\1") "\0\0\0\0\0\xff\xff\xff\xfe"), FLOW_EPARSE);
    /* A header of another class, and one of a negative size. */
    ck_assert_int_eq(READ2(HEAD2("\1") "\0\0\0\0\1\x8b\1a\x8c\1b\0\0\0\0"), FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\1") "\0\0\0\0\1\x8c\xff"
                                       "a\x8c\1b\0\0\0\0"),
                     FLOW_EPARSE);
    ck_assert_int_eq(READ2(HEAD2("\1") "\0\0\0\0\1\x8c\x8c\xff\xff\xff\xff"), FLOW_EPARSE);
}
END_TEST

START_TEST(version_2_has_long_headers)
{
    char bytes[400] = HEAD2("\1") "\0\0\0\0\1\x8c\1a\x8c\x8f\xc8"; /* 200, in one byte more */
    size_t at = 22 + 11;
    struct fl_flume_record record;
    struct fl_flume_header header;
    size_t used;

    memset(bytes + at, 'v', 200);
    memcpy(bytes + at + 200, "\0\0\0\2hi", 6);
    ck_assert_int_eq(fl_flume_record2_read(bytes, sizeof bytes, &record, &used), FLOW_OK);
    ck_assert_uint_eq(used, at + 206);
    ck_assert_int_eq(fl_flume_header_next(&record.put, &header), 1);
    ck_assert_uint_eq(fl_proto_left(&header.value), 200);
    ck_assert_int_eq(fl_flume_header_next(&record.put, &header), 0);
    ck_assert_mem_eq(record.put.body.at, "hi", 2);
}
END_TEST

/* A record of these three parts, which are freed. */
static int read_parts(struct fl_buf *head, struct fl_buf *middle, struct fl_buf *foot)
{
    struct fl_flume_record record;
    struct fl_buf whole;

    fl_buf_init(&whole, NULL);
    proto_write_delimited(&whole, head);
    proto_write_delimited(&whole, middle);
    proto_write_delimited(&whole, foot);
    int rc = fl_flume_record_read(whole.data, whole.size, &record);
    fl_buf_free(&whole);
    return rc;
}

/* A commit with the fields of the head that a bit in FIELDS stands for. */
static int read_commit(unsigned fields, uint32_t kind, uint32_t committed)
{
    struct fl_buf parts[3];

    for (size_t i = 0; i < 3; i++)
        fl_buf_init(&parts[i], NULL);
    if (fields & 1)
        proto_write_fixed32(&parts[0], 1, kind);
    if (fields & 2)
        proto_write_fixed64(&parts[0], 2, 1);
    if (fields & 4)
        proto_write_fixed64(&parts[0], 3, 2);
    if (fields & 8)
        proto_write_varint(&parts[0], 9, 1); /* one of a Flume to come */
    proto_write_fixed32(&parts[1], 1, committed);
    return read_parts(&parts[0], &parts[1], &parts[2]);
}

START_TEST(missing_fields_are_refused_and_unknown_ones_passed_over)
{
    for (unsigned fields = 0; fields < 16; fields++)
        ck_assert_int_eq(read_commit(fields, FL_FLUME_COMMIT, FL_FLUME_PUT),
                         (fields & 7) == 7 ? FLOW_OK : FLOW_EPARSE);
    ck_assert_int_eq(read_commit(7, 0, FL_FLUME_PUT), FLOW_EPARSE);
    ck_assert_int_eq(read_commit(7, 5, FL_FLUME_PUT), FLOW_EPARSE);
    ck_assert_int_eq(read_commit(7, FL_FLUME_COMMIT, FL_FLUME_COMMIT), FLOW_EPARSE);
    /* A take without its fields, and a put. */
    ck_assert_int_eq(read_commit(7, FL_FLUME_TAKE, FL_FLUME_PUT), FLOW_EPARSE);
    ck_assert_int_eq(read_commit(7, FL_FLUME_PUT, FL_FLUME_PUT), FLOW_EPARSE);
}
END_TEST

/* ---- what is beside a log ---- */

START_TEST(what_is_known_of_a_log_is_read)
{
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct fl_buf bytes = load(versions[i], "data1/log-2.meta");
        struct fl_flume_log_meta meta;

        ck_assert_int_eq(fl_flume_log_meta_read(bytes.data, bytes.size, &meta), FLOW_OK);
        ck_assert_int_eq(meta.version, 3);
        ck_assert_int_eq(meta.log, 2);
        ck_assert(meta.position > 0 && meta.order > meta.backup_order);
        ck_assert_int_eq(meta.is_encrypted, 0);
        for (size_t size = 0; size < bytes.size; size++) {
            struct exact cut = copy_of(bytes.data, size);
            ck_assert_int_eq(fl_flume_log_meta_read(cut.data, size, &meta), FLOW_EPARSE);
            free(cut.data);
        }
        fl_buf_free(&bytes);
    }
}
END_TEST

START_TEST(the_encryption_of_a_log_is_told)
{
    struct fl_buf bytes = load("encrypted", "data0/log-1.meta");
    struct fl_flume_log_meta meta;

    ck_assert_int_eq(fl_flume_log_meta_read(bytes.data, bytes.size, &meta), FLOW_OK);
    ck_assert_int_eq(meta.is_encrypted, 1);
    ck_assert_uint_eq(fl_proto_left(&meta.encryption.cipher), 15);
    ck_assert_mem_eq(meta.encryption.cipher.at, "AESCTRNOPADDING", 15);
    ck_assert_uint_eq(fl_proto_left(&meta.encryption.alias), 5);
    ck_assert_mem_eq(meta.encryption.alias.at, "key-1", 5);
    ck_assert_uint_eq(fl_proto_left(&meta.encryption.parameters), 16);
    fl_buf_free(&bytes);
}
END_TEST

/* ---- the checkpoint ---- */

START_TEST(both_files_of_a_checkpoint_agree)
{
    struct fl_buf bytes = load("1.11.0", "checkpoint/checkpoint");
    struct fl_buf meta_bytes = load("1.11.0", "checkpoint/checkpoint.meta");
    struct fl_flume_checkpoint marks;
    struct fl_flume_checkpoint meta;

    ck_assert_int_eq(fl_flume_checkpoint_read(bytes.data, 39, &marks), FLOW_EPARSE);
    ck_assert_int_eq(fl_flume_checkpoint_read(bytes.data, 40, &marks), FLOW_OK);
    ck_assert_int_eq(fl_flume_checkpoint_meta_read(meta_bytes.data, meta_bytes.size, &meta),
                     FLOW_OK);
    ck_assert_int_eq(marks.version, 3);
    ck_assert_int_eq(meta.version, 3);
    ck_assert_int_eq(marks.order, meta.order);
    ck_assert(marks.is_complete);
    ck_assert_int_eq(meta.size, 3); /* 5 to 7; 3 and 4 are taken, 8 to 11 not committed */
    const uint8_t *first = bytes.data + FL_FLUME_CHECKPOINT_HEAD_SIZE + meta.head * 8;
    ck_assert_int_le(fl_flume_be64(first) >> 32, 2);
    for (size_t size = 0; size < meta_bytes.size; size++)
        ck_assert_int_eq(fl_flume_checkpoint_meta_read(meta_bytes.data, size, &meta), FLOW_EPARSE);
    fl_buf_free(&bytes);
    fl_buf_free(&meta_bytes);
}
END_TEST

static size_t count_inflight(const void *data, size_t size)
{
    struct fl_flume_inflight inflight;
    int64_t transaction;
    uint64_t pointer;
    size_t count = 0;

    ck_assert_int_eq(fl_flume_inflight_open(data, size, &inflight), FLOW_OK);
    for (; fl_flume_inflight_next(&inflight, &transaction, &pointer); count++)
        ck_assert(transaction > 0 && pointer > 0);
    return count;
}

START_TEST(what_was_open_is_read_by_its_checksum)
{
    struct fl_flume_inflight inflight;
    struct fl_buf puts = load("1.11.0", "checkpoint/inflightputs");
    struct fl_buf takes = load("1.11.0", "checkpoint/inflighttakes");

    ck_assert_uint_eq(count_inflight(puts.data, puts.size), 4);
    ck_assert_uint_eq(count_inflight(takes.data, takes.size), 2);
    ck_assert_uint_eq(count_inflight(NULL, 0), 0);
    for (size_t bit = 0; bit < puts.size * 8; bit++) {
        puts.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(fl_flume_inflight_open(puts.data, puts.size, &inflight), FLOW_EPARSE);
        puts.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 1; size < puts.size; size++)
        ck_assert_int_eq(fl_flume_inflight_open(puts.data, size, &inflight), FLOW_EPARSE);
    fl_buf_free(&puts);
    fl_buf_free(&takes);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"records", every_record_of_flume_is_read},
        {"version_2", a_record_of_version_2_tells_where_it_ends},
        {"version_2_refused", version_2_refuses_what_flume_does_not_write},
        {"version_2_long", version_2_has_long_headers},
        {"fields", missing_fields_are_refused_and_unknown_ones_passed_over},
        {"meta", what_is_known_of_a_log_is_read},
        {"encryption", the_encryption_of_a_log_is_told},
        {"checkpoint", both_files_of_a_checkpoint_agree},
        {"inflight", what_was_open_is_read_by_its_checksum},
    };

    return RUN_SUITE("flume_log", tests);
}
