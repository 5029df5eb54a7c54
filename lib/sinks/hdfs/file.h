/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_FILE_H
#define FL_HDFS_FILE_H

/*
 * One file that is being written, and what is known of it.
 *
 * Its bytes are one stream, of which ever longer parts are
 *
 *     floor <= delivered <= sent <= appended
 *
 * committed (never to be cut), answered by the target, handed to some request, and serialized.
 * Every attempt to send continues the same stream, so whatever length the file turns out to have
 * between `delivered` and `sent` says exactly what arrived.
 */

#include "sinks/hdfs/route.h"
#include "sinks/hdfs/segment.h"
#include "sinks/hdfs/target.h"
#include "sinks/hdfs/writer.h"

/* What files share: the target, the limits, and how they tell their owner. */
struct fl_hdfs_host {
    const struct fl_hdfs_options *options;
    const flow_allocator *mem;
    struct fl_hdfs_target *target;
    size_t requests;   /* under way */
    int keeps_marks;   /* the channel does, see mark.h */
    size_t committing; /* transactions that are delivered; whether they commit is not known yet */
    int progress;      /* something was delivered since this was last cleared */
    int stopping;
    flow_error *failure; /* why the open transactions are to be rolled back, or NULL */

    /* Serializes what waits, so that an upload under way can take it along; 0 when nothing comes
     * before something is answered. */
    int (*more)(void *self);
    void *self;
    flow_counter *created, *closed, *failed;
    struct fl_hdfs_segments segments;
};

/* The reason to roll back: FAILURE is owned; the first one counts. */
void fl_hdfs_host_fail(struct fl_hdfs_host *host, flow_error *failure);

/* What is to be done about a file, or is being done. */
enum fl_hdfs_step {
    FL_STEP_NONE,
    FL_STEP_UPLOAD,
    FL_STEP_FENCE,    /* move it away from late requests */
    FL_STEP_FIND_NEW, /* did an earlier fence succeed? */
    FL_STEP_FIND_OLD, /* or is it where it was? */
    FL_STEP_MEASURE,  /* how much arrived? */
    FL_STEP_CUT,      /* fix that length */
    FL_STEP_REMOVE,
    FL_STEP_RENAME, /* to its final name */
    FL_STEP_CHECK   /* was it renamed already? */
};

struct fl_hdfs_file {
    struct fl_hdfs_host *host;
    struct fl_hdfs_place place; /* owned */
    int64_t number;
    unsigned fences;
    char *stem;         /* its name in use is this, the last of its fences, and `tail` */
    const char *tail;   /* the options' or, as the next, part of `kept` */
    const char *ending; /* of its final name */
    char *kept;
    uint64_t chance;       /* what no other file has in its stem; 0: it needs none */
    int noted;             /* there is a mark of it */
    unsigned fences_noted; /* by that */
    int earlier;           /* of an earlier run: it only gets its end */
    unsigned behind;       /* the fence at which it is looked for */
    char *in_use;          /* its name now */
    char *fence;           /* the name it is to be moved to, while it is */
    char *final;           /* its name in the end */
    struct fl_hdfs_writer *writer;

    struct fl_hdfs_segment *first, **last; /* from `delivered` on */
    struct fl_hdfs_segment *reading;       /* where the upload under way reads */
    struct fl_hdfs_segment *open;          /* being filled; not sealed, not to be sent */
    uint64_t usual;                        /* bytes in the one before */
    uint64_t floor, delivered, sent, appended;
    uint64_t position; /* of the upload under way */
    uint64_t begun_at; /* its first byte */
    uint64_t end_at;   /* it goes no further */
    int64_t begun_ms;
    int64_t answered_ms;   /* the one before */
    int busy;              /* there was something to send already when that was answered */
    int64_t linger_ms;     /* how long it may still wait for more, on the system's clock */
    int64_t lacking_since; /* when it had nothing more to send; 0: it has */

    uint64_t events; /* for rolling */
    uint64_t bytes;
    int64_t opened_ms;

    enum fl_hdfs_step step;     /* of the request under way, or FL_STEP_NONE */
    enum fl_hdfs_step recovery; /* the next one of a recovery, or FL_STEP_NONE */
    enum fl_hdfs_answer doubt;  /* the answer that led to the recovery */
    flow_error *doubt_error;
    uint64_t goal;     /* the length that the recovery fixes */
    int maybe_created; /* a creation was left without an answer */
    int exists;
    int finishing; /* gets nothing more */
    int check;     /* whether a rename happened is to be checked */
    int gone;      /* nothing more to do */
    int64_t retry_at;
    int64_t pause_ms;
    int64_t failing_since; /* 0: not failing */
    int64_t reported_ms;
    int64_t close_tries;

    size_t parts;         /* transactions that are not committed */
    size_t committing;    /* of these, such as may be by now */
    uint64_t blocked;     /* the pass in which an earlier transaction held it back */
    uint64_t last_serial; /* of the last transaction that has a part in it */
    struct fl_hdfs_request request;
    struct fl_hdfs_file *next;
};

/* Makes a file numbered NUMBER; nothing is created at the target before there are bytes. */
int fl_hdfs_file_new(struct fl_hdfs_host *host, const struct fl_hdfs_place *place, int64_t number,
                     struct fl_hdfs_file **file, flow_error **err);

/* A file that an earlier run left; texts are not terminated. */
struct fl_hdfs_leftover {
    const char *stem, *tail, *place, *ending;
    size_t stem_size, tail_size, place_size, ending_size;
    uint64_t length; /* what is behind is cut off */
    unsigned fences; /* it is behind one of so many, or none */
    int64_t number;
};

int fl_hdfs_file_find(struct fl_hdfs_host *host, const struct fl_hdfs_leftover *left,
                      struct fl_hdfs_file **file, flow_error **err);

/* Frees a file without a request under way; what was not delivered is dropped. */
void fl_hdfs_file_free(struct fl_hdfs_file *file);

/* Serializes events; they are sent after the next push. */
int fl_hdfs_file_add(struct fl_hdfs_file *file, const flow_event *const *events, size_t count,
                     flow_error **err);

/* Makes what was added so far complete: the file can be cut at its present end. */
int fl_hdfs_file_seal(struct fl_hdfs_file *file, flow_error **err);
uint64_t fl_hdfs_file_end(const struct fl_hdfs_file *file);
void fl_hdfs_file_push(struct fl_hdfs_file *file);

/* Ends the file: it gets nothing more, and its final name once all of it is committed. */
int fl_hdfs_file_finish(struct fl_hdfs_file *file, flow_error **err);

/* Starts what is to be done next, if it is time and nothing is under way. */
void fl_hdfs_file_step(struct fl_hdfs_file *file, int64_t now);

/* Whether something behind `floor` is being cut off, although it may count as delivered yet. */
int fl_hdfs_file_is_falling(const struct fl_hdfs_file *file);

/* While a rollback is wanted: whether nothing is left in the file but what is committed. */
int fl_hdfs_file_clean(const struct fl_hdfs_file *file);

/* Forgets everything behind `floor`; if that is something, the file gets nothing more. */
void fl_hdfs_file_drop(struct fl_hdfs_file *file);

/* Notes that a transaction with a part up to END is committed. */
void fl_hdfs_file_commit(struct fl_hdfs_file *file, uint64_t end);

/* ---- between file.c, send.c and recover.c ---- */

/* Names the file anew, with another number and behind another fence. */
int fl_hdfs_file_name(struct fl_hdfs_file *file, int64_t number);
char *fl_hdfs_file_fence_name(const struct fl_hdfs_file *file, unsigned fence);
void fl_hdfs_file_trim(struct fl_hdfs_file *file); /* frees what was delivered */

/* What no transaction waits for, such as the end of a file, is never to be cut either. */
void fl_hdfs_file_raise_floor(struct fl_hdfs_file *file);

/* Tries again later, later each time until it succeeds; whether that goes on for too long. */
void fl_hdfs_file_delay(struct fl_hdfs_file *file);
void fl_hdfs_file_succeed(struct fl_hdfs_file *file);
int fl_hdfs_file_given_up(const struct fl_hdfs_file *file);

/* As a delay; logs why, from time to time.  Takes the request's error. */
void fl_hdfs_file_pause(struct fl_hdfs_file *file, const char *what);

/* Begins the recovery after an answer that leaves open what happened. */
void fl_hdfs_recover(struct fl_hdfs_file *file);

/* Tells the next step of a recovery, prepares its request, and takes its answer. */
enum fl_hdfs_step fl_hdfs_recover_next(struct fl_hdfs_file *file);
void fl_hdfs_recover_prepare(struct fl_hdfs_file *file);
void fl_hdfs_recover_answer(struct fl_hdfs_file *file, enum fl_hdfs_step step);

#endif
