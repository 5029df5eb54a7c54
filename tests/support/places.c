/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mortal.h"
#include "places.h"

void places_init(struct places *places, unsigned folders)
{
    size_t used = 0;

    strcpy(places->root, "/tmp/flow-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(places->root));
    snprintf(places->control, sizeof places->control, "%s/control", places->root);
    for (unsigned i = 0; i < folders; i++)
        used += (size_t)snprintf(places->data + used, sizeof places->data - used, "%s%s/data%u",
                                 i ? ", " : "", places->root, i);
}

static void remove_all(const char *path)
{
    char command[160];

    snprintf(command, sizeof command, "rm -r %s", path);
    ck_assert_int_eq(system(command), 0);
}

void places_free(const struct places *places)
{
    remove_all(places->root);
}

void places_lose_control(const struct places *places)
{
    remove_all(places->control);
}

void places_up(struct memory_rig *rig, const char *const *settings)
{
    rig_up(rig, RIG_FILE | RIG_FAILING, settings);
}

void places_reopen(struct memory_rig *rig)
{
    flow_error *err = NULL;
    int rc = memory_rig_reopen(rig, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void places_dies(const struct places *places, void (*fn)(const struct places *places))
{
    pid_t child = fork_muted();
    int status = 0;

    if (child == 0) {
        fn(places);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int try_put(struct memory_rig *rig, uint64_t first, size_t count, flow_error **err)
{
    flow_batch *batch = numbered_batch(rig->lib, first, count);
    flow_txn *txn = begin(rig->channel);
    int rc = fl_txn_put_events(txn, flow_batch_events(batch), count, 0, NULL, err);

    if (!rc)
        rc = flow_txn_commit(txn, err);
    flow_txn_free(txn);
    flow_batch_free(batch);
    return rc;
}

void take_all(struct memory_rig *rig, uint64_t first, size_t count)
{
    for (size_t done = 0; done < count;) {
        const flow_event *const *events;
        size_t got;
        flow_txn *txn = begin(rig->channel);
        ck_assert_int_eq(flow_txn_take(txn, 100, 0, &events, &got, NULL), FLOW_OK);
        ck_assert_uint_gt(got, 0);
        for (size_t i = 0; i < got; i++)
            ck_assert_uint_eq(number_of(events[i]), first + done + i);
        commit(txn);
        done += got;
    }
    ck_assert_uint_eq(flow_channel_size(rig->channel), 0);
}
