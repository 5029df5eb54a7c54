/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_NUMBERED_H
#define TESTS_SUPPORT_NUMBERED_H

/* Events whose bodies are numbers, so that a test sees at once which ones it got. */

#include "memory_rig.h"

/* A batch of the COUNT numbers from FIRST on; the test frees it. */
flow_batch *numbered_batch(flow_library *lib, uint64_t first, size_t count);
uint64_t number_of(const flow_event *event);

flow_txn *begin(flow_channel *channel);

/* Ends a transaction and frees it. */
void commit(flow_txn *txn);
void roll_back(flow_txn *txn);

/* Puts the COUNT numbers from FIRST on; `put_numbers` commits them. */
void put_into(struct memory_rig *rig, flow_txn *txn, uint64_t first, size_t count);
void put_numbers(struct memory_rig *rig, uint64_t first, size_t count);

/* Takes up to MAX without waiting; the numbers must be the COUNT from FIRST on. */
void expect_take(flow_txn *txn, size_t max, uint64_t first, size_t count);

/* Makes a rig, or fails the test; frees it and sees that nothing leaked. */
void rig_up(struct memory_rig *rig, unsigned options, const char *const *settings);
void rig_down(struct memory_rig *rig);

/* For rig_up: pairs of key and value. */
#define SETTINGS(...)                                                                              \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* Expects CODE and a message that holds PART; frees ERR. */
void expect_error(int rc, int code, flow_error *err, const char *part);

#endif
