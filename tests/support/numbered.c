/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "numbered.h"
#include "suite.h"

flow_batch *numbered_batch(flow_library *lib, uint64_t first, size_t count)
{
    flow_batch *batch;

    ck_assert_int_eq(flow_batch_new(lib, &batch, NULL), FLOW_OK);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = first + i;
        ck_assert_int_eq(flow_batch_add(batch, &number, sizeof number, NULL), FLOW_OK);
    }
    return batch;
}

uint64_t number_of(const flow_event *event)
{
    uint64_t number;
    size_t size;
    const void *body = flow_event_body(event, &size);

    ck_assert_uint_eq(size, sizeof number);
    memcpy(&number, body, sizeof number);
    return number;
}

flow_txn *begin(flow_channel *channel)
{
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(channel, &txn, NULL), FLOW_OK);
    return txn;
}

void commit(flow_txn *txn)
{
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

void roll_back(flow_txn *txn)
{
    ck_assert_int_eq(flow_txn_rollback(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

void put_into(struct memory_rig *rig, flow_txn *txn, uint64_t first, size_t count)
{
    flow_batch *batch = numbered_batch(rig->lib, first, count);

    ck_assert_int_eq(flow_txn_put_batch(txn, batch, NULL), FLOW_OK);
    flow_batch_free(batch);
}

void put_numbers(struct memory_rig *rig, uint64_t first, size_t count)
{
    flow_txn *txn = begin(rig->channel);

    put_into(rig, txn, first, count);
    commit(txn);
}

void expect_take(flow_txn *txn, size_t max, uint64_t first, size_t count)
{
    const flow_event *const *events;
    size_t found;

    ck_assert_int_eq(flow_txn_take(txn, max, 0, &events, &found, NULL), FLOW_OK);
    ck_assert_uint_eq(found, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(number_of(events[i]), first + i);
}

void rig_up(struct memory_rig *rig, unsigned options, const char *const *settings)
{
    flow_error *err = NULL;
    int rc = memory_rig_new(rig, options, settings, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void rig_down(struct memory_rig *rig)
{
    ck_assert_int_eq(memory_rig_free(rig), FLOW_OK);
    ck_assert_int_eq(rig->failing.live, 0);
}

void expect_error(int rc, int code, flow_error *err, const char *part)
{
    ck_assert_int_eq(rc, code);
    ck_assert_int_eq(flow_error_code(err), code);
    ck_assert_msg(strstr(flow_error_message(err), part) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
}
