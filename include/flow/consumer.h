/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_CONSUMER_H
#define FLOW_CONSUMER_H

#include <flow/api.h>
#include <flow/channel.h>
#include <flow/error.h>
#include <flow/transaction.h>

FLOW_BEGIN_DECLS

/*
 * Consumers of a channel that keeps a log, as `file` does: each reads all that was put, at its own
 * pace, from where it stands.  Sinks name theirs with the property `consumer`, and those that name
 * the same one share its events; so do sinks without that property, which share the consumer called
 * "".  A consumer is known to its channel by its name, and stays in its log, with its place, until
 * it is removed.
 *
 * Whatever changes a consumer is durable when the call returns FLOW_OK, and has not happened
 * otherwise.  The channel has to be open; a call is waited for before it is closed, so the pipeline
 * may be stopped on another thread.
 */
#define FLOW_CONSUMER_NAME 64u /* bytes of a name: letters, digits, '-' and '_' */

#define FLOW_START_EARLIEST 1 /* at the first event from which on the log has everything */
#define FLOW_START_LATEST 2   /* with the next event that is put */
#define FLOW_START_OFFSET 3   /* at an offset: events are counted from 0 as they are put */
#define FLOW_START_TIME 4     /* at the first event that was put at a time or later */

/* Where a consumer begins, or is moved to. */
typedef struct flow_consumer_place {
    uint32_t struct_size; /* set by the caller */
    uint32_t start;       /* FLOW_START_... */
    uint64_t offset;      /* what the log does not have any more, or not yet, is passed over */
    int64_t time;         /* ms since 1970 */
} flow_consumer_place;

/* What a consumer does that is behind by more than it may be. */
#define FLOW_BEHIND_SKIP 1  /* the oldest events are given up for it, counted, and told in the log \
                             */
#define FLOW_BEHIND_BLOCK 2 /* nothing can be put before it has caught up */

/* What a consumer that is made is like. */
typedef struct flow_consumer_options {
    uint32_t struct_size;             /* set by the caller */
    uint32_t when_behind;             /* FLOW_BEHIND_...; 0: skip */
    uint64_t max_events;              /* how far it may be behind; 0: the channel's capacity */
    uint64_t max_bytes;               /* of the log, only for one that skips; 0: any */
    const flow_consumer_place *place; /* where it begins; NULL: earliest */
} flow_consumer_options;

#define FLOW_CONSUMER_PAUSED 1u /* nothing is taken through it */
#define FLOW_CONSUMER_USED 2u   /* by sinks or handles */

/* A consumer, and how far it is. */
typedef struct flow_consumer_info {
    uint32_t struct_size; /* set by the caller */
    uint32_t flags;       /* FLOW_CONSUMER_... */
    const char *name;     /* valid until the channel is closed */
    uint32_t when_behind; /* FLOW_BEHIND_... */
    uint32_t reserved;    /* 0 */
    uint64_t max_events;
    uint64_t max_bytes;
    uint64_t offset;  /* of the first event that it is not done with */
    uint64_t waiting; /* events that nobody has taken through it */
    uint64_t held;    /* these, and those that were taken and are not committed */
    uint64_t bytes;   /* of the log from `offset` on, reckoned by its files */
    uint64_t skipped; /* events that were given up for it, ever */
    uint64_t letters; /* dead ones */
} flow_consumer_info;

/*
 * An event that a consumer could not deliver: after as many deliveries as the channel's property
 * maxDeliveries allows it was put aside, and the others went on.
 */
typedef struct flow_letter {
    uint32_t struct_size;
    uint32_t deliveries; /* that failed */
    uint64_t offset;
    int64_t time;       /* when it was put aside, ms since 1970 */
    const char *reason; /* of the last delivery */
    const flow_event *event;
} flow_letter;

/* Gets one dead letter, lent for the call; returns FLOW_OK to get the next. */
typedef int (*flow_letter_fn)(void *self, const flow_letter *letter);

/*
 * What a channel that has consumers offers, all of it; struct_size is the sizeof of this table.
 * Called by many threads at once.  Names were checked.
 */
typedef struct flow_channel_consumers {
    uint32_t struct_size;
    uint32_t flags; /* 0 */

    /*
     * Stores in *CONSUMER what `begin` and `size` know the consumer NAME by, valid until `detach`,
     * also while the channel is closed.  A consumer that a sink names is attached before the
     * channel is opened, which then makes it.  FLOW_ENOENT when the channel is open and has none.
     */
    int (*attach)(void *self, const char *name, void **consumer, flow_error **err);
    void (*detach)(void *self, void *consumer);

    /* As the channel's `begin`, for a transaction that takes through CONSUMER. */
    int (*begin)(void *self, void *consumer, void **txn, flow_error **err);

    /* Events that can be taken through it: 0 while it is paused. */
    uint64_t (*size)(void *self, void *consumer);

    /* See flow_consumer_add and those that follow it.  AFTER NULL: the first. */
    int (*add)(void *self, const char *name, const flow_consumer_options *options,
               flow_error **err);
    int (*next)(void *self, const char *after, flow_consumer_info *info);
    int (*seek)(void *self, const char *name, const flow_consumer_place *to, uint64_t *offset,
                flow_error **err);
    int (*pause)(void *self, const char *name, int paused, flow_error **err);
    int (*remove)(void *self, const char *name, flow_error **err);

    /*
     * (all optional, together) `reject` is the channel's `rollback` for what could not be
     * delivered, for REASON; see flow_consumer_letters for the others.
     */
    void (*reject)(void *self, void *txn, const char *reason);
    int (*letters)(void *self, const char *name, flow_letter_fn fn, void *arg, flow_error **err);
    int (*replay)(void *self, const char *name, uint64_t offset, uint64_t *count, flow_error **err);
} flow_channel_consumers;

/*
 * Reads TEXT into *PLACE: "earliest", "latest", a number, which is an offset, or a time in UTC such
 * as "2026-11-26T10:00:00Z", of which what is behind the day may be left out.
 *
 * Errors: FLOW_EINVAL with what is expected.
 * Since: 1.0
 */
FLOW_API int flow_consumer_place_read(const char *text, flow_consumer_place *place,
                                      flow_error **err);

/*
 * Makes the consumer NAME of CHANNEL.  OPTIONS NULL: as one that is all 0.
 *
 * Blocks: on the disk; for a time, as long as it takes to read one file of each folder.
 * Errors: FLOW_EEXIST when there is one of that name, FLOW_ESTATE when there are 1,000, FLOW_ENOENT
 * when the channel has no consumers; FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_consumer_add(flow_channel *channel, const char *name,
                               const flow_consumer_options *options, flow_error **err);

/*
 * Fills *INFO with the consumer whose name follows AFTER in the order of bytes; AFTER NULL: with
 * the first one.
 *
 * Errors: FLOW_ENOENT behind the last, or when the channel has no consumers, without an error
 * object; FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_consumer_next(flow_channel *channel, const char *after, flow_consumer_info *info,
                                flow_error **err);

/*
 * Fills *INFO with the consumer NAME.
 *
 * Errors: FLOW_ENOENT, FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_consumer_get(flow_channel *channel, const char *name, flow_consumer_info *info,
                               flow_error **err);

/*
 * Moves a consumer, forwards or back, and stores in *OFFSET (NULL allowed) where it is then.  What
 * was taken through it and not committed yet is void: the transaction can be ended as usual, which
 * changes nothing, and the events may come again.
 *
 * Blocks: as flow_consumer_add.
 * Errors: FLOW_ENOENT, FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_consumer_seek(flow_channel *channel, const char *name,
                                const flow_consumer_place *to, uint64_t *offset, flow_error **err);

/*
 * Pauses a consumer: nothing is taken through it until flow_consumer_resume, also after a restart.
 * What was taken can be committed.
 *
 * Blocks: on the disk.
 * Errors: FLOW_ENOENT, FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_consumer_pause(flow_channel *channel, const char *name, flow_error **err);

/*
 * Lets a consumer go on.
 *
 * Blocks: on the disk.
 * Errors: FLOW_ENOENT, FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_consumer_resume(flow_channel *channel, const char *name, flow_error **err);

/*
 * Removes a consumer, and with it the need to keep what it has not read.
 *
 * Blocks: on the disk.
 * Errors: FLOW_ENOENT, FLOW_ESTATE while a sink or a handle takes through it and for the only one;
 * FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_consumer_remove(flow_channel *channel, const char *name, flow_error **err);

/*
 * Calls FN with the dead letters of the consumer NAME in the order of their offsets.  When FN does
 * not return FLOW_OK it returns that.  FN asks nothing of the channel's consumers.
 *
 * Blocks: on the disk, and as FN does.
 * Errors: FLOW_ENOENT, FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_consumer_letters(flow_channel *channel, const char *name, flow_letter_fn fn,
                                   void *arg, flow_error **err);

#define FLOW_LETTERS_ALL UINT64_MAX

/*
 * Lets the dead letter at OFFSET, or all (FLOW_LETTERS_ALL), be taken once more through the
 * consumer NAME, before all else that waits for it, and stores in *COUNT (NULL allowed) how many
 * there are.  Each is a letter until it is delivered, and stays one when the channel is closed
 * before.
 *
 * Blocks: on the disk.
 * Errors: FLOW_ENOENT, FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_consumer_replay(flow_channel *channel, const char *name, uint64_t offset,
                                  uint64_t *count, flow_error **err);

/* A handle by which a host takes through a consumer, as a sink does. */
typedef struct flow_consumer flow_consumer;

/*
 * Opens the consumer NAME, which is there.  The caller closes *CONSUMER before the channel's
 * pipeline is freed; the pipeline may be stopped and started meanwhile.
 *
 * Errors: FLOW_ENOENT, FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_consumer_open(flow_channel *channel, const char *name, flow_consumer **consumer,
                                flow_error **err);

/*
 * Closes a handle, of which no transaction is open any more.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_consumer_close(flow_consumer *consumer);

/*
 * Begins a transaction that takes through CONSUMER; see flow/transaction.h.  Several may be open at
 * once, and none of them gets what another has.
 *
 * Errors: FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_consumer_begin(flow_consumer *consumer, flow_txn **txn, flow_error **err);

FLOW_END_DECLS

#endif
