/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_FLUME_LOG_H
#define FL_WIRE_FLUME_LOG_H

/*
 * The files of Flume's file channel as bytes, for reading: `log-N` and `log-N.meta`, `checkpoint`
 * and `checkpoint.meta`, `inflightputs` and `inflighttakes`.  Flume 1.3 to 1.11 write version 3 of
 * the format, and read version 2 (Flume 1.2) as well; so does this.
 *
 * Decoders return FLOW_OK, or FLOW_EPARSE without an error object; what they find points into the
 * bytes they were given.  Numbers are as signed as they are in Flume.
 */

#include "wire/protobuf.h"

#define FL_FLUME_VERSION_2 2
#define FL_FLUME_VERSION_3 3

/*
 * A log is a row of records.  Each begins with one of these bytes.  In version 3 a RECORD and a
 * NOOP go on with a size, big-endian in 4 bytes, and as many bytes; in version 2 a record's fields
 * follow at once.
 */
#define FL_FLUME_RECORD 0x7f
#define FL_FLUME_NOOP 0x00 /* a record that Flume's integrity tool took out */
#define FL_FLUME_END 0x80  /* space reserved, not written yet: the log ends here */

/* The first byte and the size. */
#define FL_FLUME_FRAME_SIZE 5

/* What leads the records of version 2. */
#define FL_FLUME_LOG_HEAD_SIZE 24

int32_t fl_flume_be32(const uint8_t *at);
int64_t fl_flume_be64(const uint8_t *at);

/*
 * Where the record of a put lies: the number of its log and the offset of its first byte, neither
 * negative.  Flume's "pointer", and never 0, since there is no log-0.
 */
static inline uint64_t fl_flume_pointer(uint32_t log, uint32_t offset)
{
    return (uint64_t)log << 32 | offset;
}

enum fl_flume_kind { FL_FLUME_PUT = 1, FL_FLUME_TAKE, FL_FLUME_ROLLBACK, FL_FLUME_COMMIT };

struct fl_flume_put {
    int version;
    struct fl_proto headers; /* for fl_flume_header_next */
    struct fl_proto body;
    int has_checksum;
    int64_t checksum; /* CRC-32 of the body, which the reader compares */
};

struct fl_flume_record {
    enum fl_flume_kind kind;
    int64_t transaction;
    int64_t order;                /* records of all logs were written in this order */
    struct fl_flume_put put;      /* of a put */
    uint64_t taken;               /* of a take: the pointer to the put */
    enum fl_flume_kind committed; /* of a commit: what the transaction did, puts or takes */
};

/*
 * Reads of a record of version 3 only the kind, the transaction and the order.  DATA is what
 * follows the frame, decrypted, and FL_FLUME_HEAD_MAX bytes of it are enough.
 */
#define FL_FLUME_HEAD_MAX 64

int fl_flume_record_head(const void *data, size_t size, struct fl_flume_record *record);

/* Reads a record of version 3: DATA is all that follows the frame, decrypted. */
int fl_flume_record_read(const void *data, size_t size, struct fl_flume_record *record);

/*
 * Reads a record of version 2, which follows the byte FL_FLUME_RECORD, and tells in *USED how many
 * bytes it takes.  Returns FL_FLUME_SHORT when it goes on behind SIZE.
 */
#define FL_FLUME_SHORT 1

int fl_flume_record2_read(const void *data, size_t size, struct fl_flume_record *record,
                          size_t *used);

struct fl_flume_header {
    struct fl_proto name;
    struct fl_proto value;
};

/* Reads the next header of a put and moves put->headers on.  Returns 1, 0 at the end,
 * FLOW_EPARSE. */
int fl_flume_header_next(struct fl_flume_put *put, struct fl_flume_header *header);

/* How the bytes of a log's records are encrypted, each from the beginning of the key stream. */
struct fl_flume_encryption {
    struct fl_proto cipher;     /* Flume's name of it: "AESCTRNOPADDING" */
    struct fl_proto alias;      /* of the key */
    struct fl_proto parameters; /* the initial counter block, of 16 bytes */
};

/* What is known of a log: log-N.meta, or the head of a log of version 2. */
struct fl_flume_log_meta {
    int version;
    int32_t log;
    /* Records before `position` are in the checkpoint of `order`, and likewise for the checkpoint
     * before that one.  0 where there was none. */
    int64_t position;
    int64_t order;
    int64_t backup_position;
    int64_t backup_order;
    int is_encrypted;
    struct fl_flume_encryption encryption;
};

int fl_flume_log_meta_read(const void *data, size_t size, struct fl_flume_log_meta *meta);

/* DATA is the beginning of a log, of FL_FLUME_LOG_HEAD_SIZE bytes. */
int fl_flume_log_head_read(const void *data, size_t size, struct fl_flume_log_meta *meta);

/*
 * The queue at one moment: a ring of pointers, 8 bytes each, behind the head of `checkpoint`.  The
 * ring begins at `head` and holds `size` pointers.
 */
#define FL_FLUME_CHECKPOINT_HEAD_SIZE (1029 * 8)

struct fl_flume_checkpoint {
    int64_t version;
    int64_t order; /* of the last record that the queue knows of */
    int is_complete;
    int64_t size;
    int64_t head;
};

/* DATA is the beginning of `checkpoint`, 40 bytes at least; in version 3 its size and head are only
 * in the other file. */
#define FL_FLUME_CHECKPOINT_MARKS 40

int fl_flume_checkpoint_read(const void *data, size_t size, struct fl_flume_checkpoint *checkpoint);
int fl_flume_checkpoint_meta_read(const void *data, size_t size,
                                  struct fl_flume_checkpoint *checkpoint);

/*
 * Puts or takes of transactions that were open when the checkpoint was written.  Opening compares
 * the MD5 at the front; an empty file is fine.
 *
 *     struct fl_flume_inflight inflight;
 *     if (fl_flume_inflight_open(data, size, &inflight) == FLOW_OK)
 *         while (fl_flume_inflight_next(&inflight, &transaction, &pointer))
 *             ...
 */
struct fl_flume_inflight {
    const uint8_t *at;
    const uint8_t *end;
    int64_t transaction;
    int64_t left; /* pointers of the present transaction */
};

int fl_flume_inflight_open(const void *data, size_t size, struct fl_flume_inflight *inflight);

/* Returns 1 and a pointer with the transaction it belongs to, or 0 at the end. */
int fl_flume_inflight_next(struct fl_flume_inflight *inflight, int64_t *transaction,
                           uint64_t *pointer);

#endif
