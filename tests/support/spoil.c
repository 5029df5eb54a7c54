/* SPDX-License-Identifier: Apache-2.0 */

#include <pthread.h>

#include <check.h>

#include "core/channel.h"
#include "spoil.h"

#define OPEN 64

static struct {
    flow_channel_ops ops;
    const flow_channel_ops *real;
    pthread_mutex_t lock; /* for the rest */
    void *taking[OPEN];   /* transactions that have taken */
    int fails;
} spoiled = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Where TXN is among them, or OPEN. */
static size_t find(const void *txn)
{
    size_t i = 0;

    while (i < OPEN && spoiled.taking[i] != txn)
        i++;
    return i;
}

static void note(void *txn)
{
    pthread_mutex_lock(&spoiled.lock);
    if (find(txn) == OPEN) {
        size_t place = find(NULL);
        ck_assert_uint_lt(place, OPEN);
        spoiled.taking[place] = txn;
    }
    pthread_mutex_unlock(&spoiled.lock);
}

static void forget(const void *txn)
{
    pthread_mutex_lock(&spoiled.lock);
    size_t place = find(txn);
    if (place < OPEN)
        spoiled.taking[place] = NULL;
    pthread_mutex_unlock(&spoiled.lock);
}

static int take(void *self, void *txn, size_t max, const flow_event **events, size_t *count,
                flow_error **err)
{
    int rc = spoiled.real->take(self, txn, max, events, count, err);

    if (rc == FLOW_OK && *count > 0)
        note(txn);
    return rc;
}

static int commit(void *self, void *txn, flow_error **err)
{
    pthread_mutex_lock(&spoiled.lock);
    int fails = spoiled.fails && find(txn) < OPEN;
    spoiled.fails &= !fails;
    pthread_mutex_unlock(&spoiled.lock);
    if (fails)
        return flow_error_set(err, FLOW_EIO, "the disk is gone");
    return spoiled.real->commit(self, txn, err);
}

static void release(void *self, void *txn)
{
    forget(txn);
    spoiled.real->release(self, txn);
}

void spoil(flow_channel *channel)
{
    spoiled.real = channel->ops;
    spoiled.ops = *channel->ops;
    spoiled.ops.take = take;
    spoiled.ops.commit = commit;
    spoiled.ops.release = release;
    spoiled.ops.flags &= ~FLOW_CHANNEL_REUSES; /* so that it is called for each */
    spoiled.fails = 0;
    channel->ops = &spoiled.ops;
}

void spoil_next(void)
{
    pthread_mutex_lock(&spoiled.lock);
    spoiled.fails = 1;
    pthread_mutex_unlock(&spoiled.lock);
}
