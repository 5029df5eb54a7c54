/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_SPOOLDIR_SPOOLDIR_H
#define FL_SOURCES_SPOOLDIR_SPOOLDIR_H

/*
 * The parts of the spooldir source: the scan chooses a file, the reader makes events of it, the
 * tracker remembers how far it was committed, and retiring marks it as done.
 */

#include <flow/source.h>

#include "base/map.h"
#include "base/regex.h"
#include "base/thread.h"
#include "base/vec.h"
#include "codec/blob.h"
#include "codec/line_reader.h"
#include "io/file.h"

enum spool_order { SPOOL_OLDEST, SPOOL_YOUNGEST, SPOOL_RANDOM };
enum spool_tracking { SPOOL_RENAME, SPOOL_TRACKER_DIR };

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
    int delete_done;
    int recursive;
    int is_blob;
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

/* Remembers how far a file was committed, in the file that Flume keeps for that. */
struct spool_tracker {
    const flow_allocator *mem;
    const struct fl_io *io;
    const struct spool_paths *paths;
    int fd; /* -1: the file is not there, or not ours to append to */
    size_t size;
    uint8_t sync[16];
    char *target;   /* the path it is about, or NULL */
    int64_t offset; /* of TARGET */
    int has_offset; /* something was committed of TARGET */
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
    uint8_t *data;
    size_t begin;
    size_t end;
    size_t room;
    int at_end;   /* nothing can be read behind `end` */
    int is_first; /* no event was made of it, now or before a restart */
};

struct spooldir {
    flow_context *ctx;
    const flow_allocator *mem;
    const struct fl_io *io;
    flow_emitter *emitter;
    flow_batch *batch;
    struct fl_thread thread;
    struct spool_options options;
    struct spool_paths paths;
    struct spool_scan scan;
    struct spool_tracker tracker;
    struct spool_file file;
    struct fl_charset *in;
    struct fl_charset *out;
    struct fl_line_reader line;
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
int spool_tracker_store(struct spool_tracker *tracker, const char *path, int64_t offset,
                        flow_error **err);

/* Forgets the file that was read. */
int spool_tracker_clear(struct spool_tracker *tracker, flow_error **err);
void spool_tracker_close(struct spool_tracker *tracker);

/* File. */
int spool_file_open(struct spool_file *file, const char *path, flow_error **err);
void spool_file_close(struct spool_file *file);
int spool_file_is_open(const struct spool_file *file);

/* Skips to OFFSET, before anything was read. */
int spool_file_seek(struct spool_file *file, int64_t offset, flow_error **err);

/* Reads the first up to SIZE bytes, wherever the file stands. */
size_t spool_file_head(const struct spool_file *file, void *head, size_t size);

/* Reads on, so that there are more bytes than before, or the end is known. */
int spool_file_more(struct spool_file *file, flow_error **err);
struct fl_piece_of_file spool_file_piece(const struct spool_file *file);
void spool_file_consume(struct spool_file *file, size_t size);

/* Retiring. */
void spool_retire(struct spooldir *s);

/* Moves the file out of the way as one that could not be read to its end; WHAT becomes a part of
 * its name, WHY of the message. */
void spool_set_aside(struct spooldir *s, const char *what, const char *why);

/* Sees that files in the folder can be made, read and removed, as Flume does. */
int spool_check_folder(struct spooldir *s, flow_error **err);

/* Makes the folders that are needed. */
int spool_make_tracker(struct spooldir *s, flow_error **err);

/* The thread. */
void spool_run(void *self);

#endif
