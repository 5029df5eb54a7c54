/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FLUME_MOVE_H
#define TESTS_SUPPORT_FLUME_MOVE_H

/*
 * A move from Flume to libflow in one process: a channel that Flume has left, with the numbers of
 * its events as their bodies, and a file channel in the same folders that takes it over.  Whatever
 * should not fail and does ends the test.
 */

#include "flume_channel.h"
#include "rig.h"

#define MOVE_PUT 2500u
#define MOVE_TAKEN 100u /* of these, the first */
#define MOVE_LEFT (MOVE_PUT - MOVE_TAKEN)
#define MOVE_BATCH 1000u /* events of one push */

/* Flume's logs, of which odd ones are in data0. */
struct journal {
    struct flume_channel *channel;
    struct fl_buf logs[4]; /* by number, from 1 */
    int64_t order;
    uint32_t offsets[MOVE_PUT + MOVE_BATCH]; /* of the puts, each in the log of ... */
    uint32_t log_of[MOVE_PUT + MOVE_BATCH];
};

/* Begins with an empty one whose first record has the order behind ORDER. */
void journal_begin(struct journal *journal, struct flume_channel *channel, int64_t order);
void journal_end(struct journal *journal);

/* Puts the event NUMBER in the transaction LOG, which is in the log LOG. */
void journal_put(struct journal *journal, uint32_t log, unsigned number);
void journal_commit(struct journal *journal, uint32_t log);

/* Takes events in a transaction that is committed. */
void journal_take(struct journal *journal, uint32_t log, unsigned first, unsigned count);

/* Writes the log LOG and what belongs to it. */
void journal_store(struct journal *journal, uint32_t log);

/* Makes a channel of MOVE_PUT events: two open transactions took turns, then MOVE_TAKEN were taken.
 * journal_copy makes another one like MODEL. */
void journal_backlog(struct journal *journal, struct flume_channel *channel);
void journal_copy(struct flume_channel *channel, const struct flume_channel *model);

/* The steps of an import by the pipeline of RIG, and all that an operator does; STAT may be NULL.
 */
int move_open(flow_library *lib, const struct flume_channel *channel, uint32_t flags,
              flow_flume **flume, flow_error **err);
int move_build(struct rig *rig, const struct flume_channel *channel, unsigned capacity,
               flow_error **err);
int move_push(struct rig *rig, flow_flume *flume, flow_error **err);
int move_import(struct rig *rig, const struct flume_channel *channel, unsigned capacity,
                flow_flume_stat *stat, flow_error **err);

/* An import that must not fail. */
flow_flume_stat move_well(struct flume_channel *channel);

/* Takes all out of libflow's channel, which must be COUNT ranges of numbers, each told by its first
 * and how many it has; or all that was left. */
void move_expect(const struct flume_channel *channel, const unsigned (*ranges)[2], size_t count);
void move_expect_backlog(const struct flume_channel *channel);

/* Whether there is such a file below the channel's root, and a command that is run there. */
int move_has(const struct flume_channel *channel, const char *name);
void move_shell(const struct flume_channel *channel, const char *command);

#endif
