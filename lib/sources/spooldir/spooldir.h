/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_SPOOLDIR_SPOOLDIR_H
#define FL_SOURCES_SPOOLDIR_SPOOLDIR_H

/*
 * The parts of the spooldir source: the scan chooses a file, the reader makes events of it, the
 * tracker remembers how far it was committed, as durable channels do too, and retiring marks it as
 * done.
 */

#include <flow/source.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/regex.h"
#include "base/thread.h"
#include "base/vec.h"
#include "codec/avro_events.h"
#include "codec/blob.h"
#include "codec/line_reader.h"
#include "io/file.h"
#include "sources/forgetting.h"

enum spool_order { SPOOL_OLDEST, SPOOL_YOUNGEST, SPOOL_RANDOM };
enum spool_tracking { SPOOL_RENAME, SPOOL_TRACKER_DIR };
enum spool_format { SPOOL_LINE, SPOOL_BLOB, SPOOL_AVRO };

/* What the settings say; texts are the context's. */
struct spool_options {
    const char *suffix;
    const char *file_key;     /* NULL: no such header */
    const char *basename_key; /* the same */
    size_t batch_size;
    size_t max_units;
    size_t max_blob;
    int64_t poll_delay;
    int64_t max_backoff;
    enum spool_order order;
    enum spool_tracking tracking;
    enum spool_format format;
    int delete_done;
    int recursive;
    int is_literal; /* AVRO: events get the schema itself, not its fingerprint */
};

/* The folders the source works with; each without a slash at its end. */
struct spool_paths {
    char *spool;   /* as configured, which is what the tracker's file holds */
    char *tracker; /* the folder */
    char *meta;    /* the tracker's file in it */
    size_t spool_size;
};

/* A file that could be read next.  Behind the folder and a slash, PATH is its relative path. */
struct spool_candidate {
    char *path;
    int64_t mtime_ms;
};

/* Chooses files. */
struct spool_scan {
    const flow_allocator *mem;
    flow_context *ctx;
    const struct fl_io *io;
    const struct spool_options *options;
    const struct spool_paths *paths;
    struct fl_regex *include;
    struct fl_regex *ignore;
    struct fl_vec found;   /* of struct spool_candidate; the next one is the last */
    struct fl_map shunned; /* path to the change time at which a file could not be dealt with */
    int64_t looked_at;     /* when the folder was last read */
    int fault_told;        /* the log knows that the folder cannot be read */
};

/* How far a file was committed. */
struct spool_place {
    int64_t offset;
    int64_t records; /* AVRO: of the block whose marker is there */
};

/* Remembers how far a file was committed, in the file that Flume keeps for that. */
struct spool_tracker {
    const flow_allocator *mem;
    const struct fl_io *io;
    const struct spool_paths *paths;
    int fd; /* -1: the file is not there, or not ours to append to */
    size_t size;
    uint8_t sync[16];
    int with_records;         /* what is written has the number of records too */
    char *target;             /* the path it is about, or NULL */
    struct spool_place place; /* in TARGET */
    int has_place;            /* something was committed of TARGET */
};

/* The file being read. */
struct spool_file {
    const flow_allocator *mem;
    const struct fl_io *io;
    int fd;
    char *path;
    char *absolute;     /* for the header */
    struct stat opened; /* as it was found */
    int64_t offset;     /* of `data[begin]` in the file */
    struct spool_place committed;
    uint8_t *data;
    size_t begin;
    size_t end;
    size_t room;
    int at_end;   /* nothing can be read behind `end` */
    int is_first; /* no event was made of it, now or before a restart */
};

/* What durable channels know of files. */
struct spool_standing {
    struct fl_buf key;           /* of the present file */
    struct fl_forgetting done;   /* keys of files that are */
    struct spool_place furthest; /* in the present file: where the channel is that is furthest */
};

struct spooldir {
    flow_context *ctx;
    const flow_allocator *mem;
    const struct fl_io *io;
    flow_emitter *emitter;
    flow_batch *batch;
    size_t batch_size; /* events: no more than a channel takes at a time */
    struct fl_thread thread;
    struct spool_options options;
    struct spool_paths paths;
    struct spool_scan scan;
    struct spool_tracker tracker;
    struct spool_file file;
    struct spool_standing standing;
    struct fl_charset *in;
    struct fl_charset *out;
    struct fl_line_reader line;
    struct fl_avro_events avro;
    struct fl_event_headers headers;
    flow_counter *completed;
    flow_counter *set_aside;
    flow_counter *read_fails;
    flow_counter *cuts;
    flow_counter *reused;
};

/* Scan. */
int spool_scan_init(struct spool_scan *scan, flow_error **err);
void spool_scan_free(struct spool_scan *scan);

/* The path of the next file, which the caller frees, or NULL; PREFERRED, unless NULL, comes first
 * when it is a candidate. */
char *spool_scan_next(struct spool_scan *scan, const char *preferred);

/* Leaves PATH alone until something about the file changes. */
void spool_scan_shun(struct spool_scan *scan, const char *path);

/* The path of the marker that says in the tracker's folder that PATH is done; the caller frees. */
char *spool_marker(const struct spool_scan *scan, const char *path);

/* Tracker.  A file of another format is not touched: FLOW_EPARSE. */
int spool_tracker_load(struct spool_tracker *tracker, flow_error **err);
int spool_tracker_store(struct spool_tracker *tracker, const char *path,
                        const struct spool_place *place, flow_error **err);

/* Forgets the file that was read. */
int spool_tracker_clear(struct spool_tracker *tracker, flow_error **err);
void spool_tracker_close(struct spool_tracker *tracker);

/* File. */
int spool_file_open(struct spool_file *file, const char *path, flow_error **err);
void spool_file_close(struct spool_file *file);
int spool_file_is_open(const struct spool_file *file);

/* Skips forward to OFFSET, or to the end when that comes before. */
int spool_file_seek(struct spool_file *file, int64_t offset, flow_error **err);

/* Reads up to SIZE bytes at OFFSET, wherever the file stands. */
size_t spool_file_peek(const struct spool_file *file, int64_t offset, void *data, size_t size);

/* Reads on, so that there are more bytes than before, or the end is known. */
int spool_file_more(struct spool_file *file, flow_error **err);
struct fl_piece_of_file spool_file_piece(const struct spool_file *file);
void spool_file_consume(struct spool_file *file, size_t size);

/* Standing: what durable channels know. */
void spool_standing_init(struct spooldir *s);
void spool_standing_free(struct spooldir *s);

/* Once, before the first file: lets go of what an earlier run has left. */
void spool_standing_look(struct spooldir *s);

/* Where the file that was opened goes on; an offset of -1 when that is not known. */
int spool_standing_find(struct spooldir *s, struct spool_place *place, flow_error **err);

/* Whether one channel may have the next event and another not: then a position follows it. */
int spool_standing_differs(const struct spooldir *s);

/* The file goes on at its present place behind the events in the batch. */
int spool_standing_note(struct spooldir *s, flow_error **err);

/* The present file is done. */
void spool_standing_forget(struct spooldir *s);

/* Deserializing.  Goes to where the events were committed last, or to where the first one is. */
int spool_begin(struct spooldir *s, flow_error **err);

/* Adds up to MAX events of what the window holds, and takes what they used up out of it.  *MOVED is
 * 0 when that is nothing: more has to be read, or there is no more. */
int spool_deserialize(struct spooldir *s, size_t max, int *moved, flow_error **err);

/* Adds the event of a file that holds none. */
int spool_add_empty(struct spooldir *s, flow_error **err);

/* Closes the file and lets go of what was read of it. */
void spool_end(struct spooldir *s);

/* How far the file is read: committed, once the events are. */
struct spool_place spool_place_of(const struct spooldir *s);

/* Retiring: what becomes of a file that was read to its end, or of one that cannot be decoded, WHY
 * being what is wrong with it. */
void spool_retire(struct spooldir *s);
void spool_fail(struct spooldir *s, const char *why);

/* Sees that files in the folder can be made, read and removed, as Flume does. */
int spool_check_folder(struct spooldir *s, flow_error **err);

/* Makes the folders that are needed. */
int spool_make_tracker(struct spooldir *s, flow_error **err);

/* The thread. */
void spool_run(void *self);

#endif
