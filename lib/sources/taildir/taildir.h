/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_TAILDIR_TAILDIR_H
#define FL_SOURCES_TAILDIR_TAILDIR_H

/*
 * The parts of the taildir source: the scan finds files by the patterns of the groups, the table
 * knows them by device and inode whatever they are called, the window cuts lines, and the
 * positions are kept in the file that Flume keeps for that.
 */

#include <flow/source.h>

#include "base/map.h"
#include "base/regex.h"
#include "base/vec.h"
#include "io/file.h"
#include "sources/forgetting.h"

/* A line that is longer is cut into several events. */
#define TAIL_LINE_MAX ((size_t)16 << 20)

/* Files that are no longer found and still remembered, in case they get a name that matches. */
#define TAIL_GONE_MAX 1000

/* Bytes at the beginning of a file by which it is known again. */
#define TAIL_HEAD_MAX 256

/* What the settings say; texts are the context's. */
struct tail_options {
    const char *file_key; /* NULL: no such header */
    size_t batch_size;
    int64_t max_batches;
    int64_t idle_timeout;
    int64_t write_interval;
    int skip_to_end;
    int byte_offset;
    int cache;
};

/* Files of one folder whose names match. */
struct tail_group {
    const char *name;
    char *folder; /* absolute, without a slash at its end unless it is the root */
    struct fl_regex *regex;
    struct fl_vec headers; /* of flow_header; texts are the context's, names its own */
    struct fl_vec paths;   /* of char *: what matched when the folder was last listed */
    int64_t folder_mtime;  /* ns, at that time */
    int64_t listed_at;     /* ms since 1970; 0: not yet */
    int unsure;            /* the errno for which this scan could not look at all of them */
    int fault;             /* the errno that the log knows of */
};

/* The sum of so many bytes. */
struct tail_head {
    uint32_t size;
    uint32_t sum;
};

struct tail_file {
    uint64_t inode;
    uint64_t dev;  /* 0: not known, by Flume's positions; without `group`, that of an earlier run */
    int64_t birth; /* ns since 1970 when it was made; 0: not known */
    int64_t noted; /* ns since 1970 when Flume knew it; 0: libflow did, or it is checked */
    char *path;    /* its present name, or its last one */
    struct tail_file *same_inode;
    const struct tail_group *group; /* NULL: found under no name so far */
    int fd;                         /* -1: closed */
    int64_t pos;                    /* all events before it were committed */
    int64_t fresh;                  /* where it begins should it turn out to be another file */
    int64_t size;                   /* as last looked at */
    int64_t mtime;                  /* ns */
    int64_t read_size;              /* as it was when all its lines had been read, or -1 */
    int64_t read_mtime;
    int64_t active_at; /* when it last changed */
    uint64_t seen;     /* the last scan that found it */
    struct tail_head head;
    int renamed;   /* since its position was noted */
    int is_listed; /* POS is from a list */
    int fault;     /* the code that the log knows of */

    /* What durable channels know, once they were asked. */
    int is_asked;
    int lacks;        /* one of them does not know the file */
    uint64_t key_dev; /* the device it has for them */
    uint64_t generation;
    int64_t begun; /* where the generation begins */
    int64_t ahead; /* before this, one channel may have what another lacks */
};

/* How far a file was committed, in the eyes of a channel. */
struct tail_place {
    int there;
    uint64_t generation;
    int64_t offset;
    int64_t begun;
    struct tail_head head;
};

/* What durable channels know of files. */
struct tail_standing {
    flow_emitter *emitter;
    struct fl_vec known; /* what they knew at the start, by inode */
    struct fl_forgetting forgetting;
    struct tail_place furthest; /* of the file asked for: in the channel that is furthest */
    struct tail_place last;     /* and in the last one; not there when one has none */
    int is_blank;               /* there was no file that all of them knew */
    int is_adopted;
    int is_tidy;
};

/* All files that are known. */
struct tail_table {
    const flow_allocator *mem;
    struct fl_vec files;    /* of struct tail_file * */
    struct fl_map by_inode; /* to the first one; the others follow by `same_inode` */
};

/* A piece of the file that is being read. */
struct tail_window {
    const flow_allocator *mem;
    uint8_t *data;
    size_t room;
    size_t begin;
    size_t end;
    size_t searched; /* bytes behind `begin` that hold no newline */
    int64_t offset;  /* of `data[begin]` in the file */
    int at_end;      /* nothing could be read behind `end` */
};

struct taildir {
    flow_context *ctx;
    const flow_allocator *mem;
    const struct fl_io *io;
    struct tail_options options;
    struct fl_vec groups; /* of struct tail_group */
    struct tail_table table;
    struct fl_vec turn; /* of struct tail_file *: what this scan found, in order */
    uint64_t scan;      /* counts them */
    struct tail_window window;
    struct fl_vec headers; /* of flow_header: those of the file being read */
    char offset_text[24];
    struct tail_standing standing;
    size_t batch_size;         /* events: no more than a channel takes at a time */
    flow_batch *batch;         /* not empty: could not be emitted so far */
    int64_t noted;             /* up to where it has positions */
    struct tail_file *reading; /* whose events these are */
    int64_t reading_to;        /* and how far they go */
    char *position_path;
    char *identity_path; /* beside it, what Flume's format has no place for */
    int64_t write_due;
    int positions_changed;
    int identities_changed;
    int write_fault; /* the code that the log knows of */
    flow_counter *truncated;
    flow_counter *reused;
    flow_counter *read_fails;
    flow_counter *write_fails;
    flow_counter *cuts;
};

/* Groups. */
int tail_groups_init(struct taildir *t, flow_error **err);
void tail_groups_free(struct taildir *t);

/* FLOW_ENOENT when a folder is not there. */
int tail_groups_check(const struct taildir *t, flow_error **err);

/* Table.  New files begin at 0. */
void tail_table_init(struct tail_table *table, const flow_allocator *mem);
void tail_table_clear(struct tail_table *table, const struct fl_io *io);
void tail_table_free(struct tail_table *table);

/* The file of that inode, or NULL.  DEV 0 finds any; one that was only loaded is found by any DEV
 * when none has that very one. */
struct tail_file *tail_table_find(const struct tail_table *table, uint64_t dev, uint64_t inode);
struct tail_file *tail_table_add(struct tail_table *table, uint64_t dev, uint64_t inode,
                                 const char *path);
void tail_table_drop(struct tail_table *table, const struct fl_io *io, struct tail_file *file);

/* Scan: fills `turn` with the files that are found now and those still open. */
int tail_scan(struct taildir *t, flow_error **err);

/* Whether no name of the file was found, and all could be looked at. */
int tail_is_gone(const struct taildir *t, const struct tail_file *file);

/* File.  Opens one that is closed, sees whether it is the same that it was and that what was read
 * of it is still there, and finds out where the reading goes on.  What is wrong with this file
 * alone is a FAULT: FLOW_ENOENT when its name leads elsewhere by now. */
int tail_file_begin(struct taildir *t, struct tail_file *file, flow_error **fault,
                    flow_error **err);

/* Sees that what was read of an open file is still there; else it begins anew. */
int tail_file_check(struct taildir *t, struct tail_file *file, flow_error **err);

/* Reads FILE, which is another one or was emptied, from POS on. */
void tail_file_anew(struct taildir *t, struct tail_file *file, int64_t pos);

/* The head of an open file that is read up to OFFSET. */
struct tail_head tail_file_head(struct taildir *t, struct tail_file *file, int64_t offset);
void tail_file_close(struct taildir *t, struct tail_file *file);

/* Logs a fault of FILE that the log does not know of yet. */
void tail_file_fault(struct taildir *t, struct tail_file *file, int rc, const flow_error *fault);

/* Window. */
void tail_window_seek(struct tail_window *window, int64_t offset);

/* Reads on.  What is there is one piece of a line. */
int tail_window_more(struct tail_window *window, const struct fl_io *io,
                     const struct tail_file *file, flow_error **err);

/* Adds events to the batch of T until it is full or the window holds no more whole lines. */
int tail_window_lines(struct taildir *t, flow_error **err);

/* Adds the next line, if the window holds it whole; it ends at END of the file at the latest. */
int tail_window_line(struct taildir *t, int64_t end, flow_error **err);

/* Adds what is left as a line without an end. */
int tail_window_rest(struct taildir *t, flow_error **err);

/* Gives memory back that only a long line needed. */
void tail_window_shrink(struct tail_window *window);
void tail_window_free(struct tail_window *window);

/* Standing: what durable channels know. */
void tail_standing_init(struct taildir *t);
void tail_standing_free(struct taildir *t);

/* Once a start: finds out what there is. */
int tail_standing_look(struct taildir *t, flow_emitter *emitter, flow_error **err);

/* Asks for an open file; then takes over what they said, which may show that it begins anew. */
int tail_standing_ask(struct taildir *t, struct tail_file *file, flow_error **err);
int tail_standing_take(struct taildir *t, struct tail_file *file, flow_error **err);

/* Once, before anything is read: lets channels know where the reading of files begins that they do
 * not know, all at a time.  What the lists say is believed once. */
int tail_standing_adopt(struct taildir *t, flow_error **err);

/* FILE goes on at OFFSET behind the events in the batch. */
int tail_standing_note(struct taildir *t, struct tail_file *file, int64_t offset, flow_error **err);

/* FILE will not be read again. */
void tail_standing_forget(struct taildir *t, const struct tail_file *file);

/* At the end of a look: lets channels forget what is to be forgotten. */
void tail_standing_tidy(struct taildir *t);

/* Positions. */
int tail_positions_load(struct taildir *t, flow_error **err);

/* Writes them when something changed and, unless it is FORCED, the time has come. */
void tail_positions_write(struct taildir *t, int forced);

/* One file in a list of them; what a list does not have is 0, and `has` tells. */
enum tail_number { TAIL_INODE, TAIL_POS, TAIL_DEV, TAIL_BIRTH, TAIL_HEAD, TAIL_SUM, TAIL_NUMBERS };

struct tail_entry {
    int64_t numbers[TAIL_NUMBERS];
    unsigned has;     /* a bit for each number */
    const char *path; /* or NULL */
};

/* Calls EACH for every entry of a list in JSON, until it fails.  FLOW_EPARSE with the byte at
 * fault, after the entries before it. */
int tail_list_read(const flow_allocator *mem, const struct fl_buf *text,
                   int (*each)(void *arg, const struct tail_entry *entry), void *arg,
                   flow_error **err);

/* Adds an entry, a comma before it unless it is the first. */
int tail_list_add(struct fl_buf *text, const struct tail_entry *entry);

/* Reads what there is: FLOW_READY or FLOW_BACKOFF. */
int tail_poll(void *self, flow_emitter *emitter, flow_error **err);

#endif
