/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The public face of imports: what is left in a channel of Flume's goes into an inlet, with the
 * place of each event as its position.
 *
 *     key      "flume/", name of the channel, see fl_flume_mark
 *     value    number of the last log there was, order and pointer of the event; big-endian
 *
 * All events of these logs that were put up to there have been imported.  With the last of them,
 * order and pointer are as large as can be.  What a Flume puts that runs later is in other logs.
 */

#include <string.h>

#include <flow/flume.h>

#include "base/error.h"
#include "base/vec.h"
#include "core/library.h"
#include "core/table.h"
#include "store/flume_import.h"
#include "store/flume_keys.h"
#include "wire/flume_log.h"

#define OPTIONS_MIN offsetof(flow_flume_options, key_store)

/* A push has up to so many events and bytes. */
#define BATCH_EVENTS 1000
#define BATCH_BYTES ((size_t)4 << 20)

#define KEY "flume/"
#define KEY_SIZE (sizeof KEY - 1 + FL_FLUME_ID)
#define VALUE_SIZE 20

/* How far an import is. */
enum stage { OPENED, BEGUN, DONE };

struct flow_flume {
    flow_library *lib;
    struct fl_vec passwords; /* of struct fl_flume_key_password */
    struct fl_flume_keys *keys;
    struct fl_flume_import *import;
    enum stage stage;
    char id[FL_FLUME_ID + 1];
    uint32_t known_logs;         /* up to this log ... */
    struct fl_flume_place known; /* ... and this place, the channel has all */
    size_t next;                 /* event */
    flow_batch *batch;
    size_t ahead; /* events that are read with those of the batch; 0: it is to be filled */
    uint64_t imported;
    uint64_t skipped;
};

/* ---- opening ---- */

static int check_options(const flow_flume_options *options, flow_error **err)
{
    if (options->flags & ~FLOW_FLUME_LENIENT)
        return flow_error_set(err, FLOW_EINVAL, "the flags are 0 or FLOW_FLUME_LENIENT");
    if (!options->data || !options->data_count)
        return flow_error_set(err, FLOW_EINVAL, "a channel of Flume's has a data directory");
    if (!options->key_store != !options->key_password || options->key_password_count % 2)
        return flow_error_set(err, FLOW_EINVAL,
                              "a key store has a file with its password, and so has each name of "
                              "a key");
    return FLOW_OK;
}

static int open_keys(flow_flume *flume, const flow_flume_options *options, flow_error **err)
{
    if (!options->key_store)
        return FLOW_OK;
    for (size_t i = 0; i < options->key_password_count; i += 2) {
        const struct fl_flume_key_password password = {options->key_passwords[i],
                                                       options->key_passwords[i + 1]};
        if (!fl_vec_push(&flume->passwords, &password))
            return fl_error_nomem(err);
    }
    const struct fl_flume_key_store store = {
        .path = options->key_store,
        .password_path = options->key_password,
        .passwords = flume->passwords.items,
        .password_count = flume->passwords.count,
    };
    return fl_flume_keys_open(flume->lib->io, &flume->lib->allocator, &store, &flume->keys, err);
}

static int open_channel(flow_flume *flume, const flow_flume_options *options, flow_error **err)
{
    const struct fl_flume_options channel = {
        .mem = &flume->lib->allocator,
        .data_dirs = options->data,
        .data_dir_count = options->data_count,
        .checkpoint_dir = options->checkpoint,
        .backup_checkpoint_dir = options->backup,
        .cipher = flume->keys ? fl_flume_keys_cipher(flume->keys) : NULL,
        .is_lenient = (options->flags & FLOW_FLUME_LENIENT) != 0,
    };
    int rc = fl_flume_open(flume->lib->io, &channel, &flume->import, err);

    return rc ? rc : fl_flume_gather(flume->import, err);
}

static flow_flume *flume_new(flow_library *lib)
{
    flow_flume *flume = fl_zalloc(&lib->allocator, sizeof *flume);

    if (!flume)
        return NULL;
    flume->lib = lib;
    fl_vec_init(&flume->passwords, &lib->allocator, sizeof(struct fl_flume_key_password));
    atomic_fetch_add(&lib->users, 1);
    return flume;
}

int flow_flume_open(flow_library *lib, const flow_flume_options *options, flow_flume **flume,
                    flow_error **err)
{
    flow_flume_options mine = {0};
    int rc = fl_library_check(lib, err);

    *flume = NULL;
    if (!rc)
        rc = fl_options_import(&mine, sizeof mine, OPTIONS_MIN, options, "flow_flume_options", err);
    if (!rc)
        rc = check_options(&mine, err);
    if (rc)
        return rc;
    flow_flume *made = flume_new(lib);
    if (!made)
        return fl_error_nomem(err);
    rc = flow_batch_new(lib, &made->batch, err);
    if (!rc)
        rc = open_keys(made, &mine, err);
    if (!rc)
        rc = open_channel(made, &mine, err);
    if (rc) {
        flow_flume_free(made);
        return rc;
    }
    *flume = made;
    return FLOW_OK;
}

void flow_flume_free(flow_flume *flume)
{
    if (!flume)
        return;
    flow_library *lib = flume->lib;
    fl_flume_close(flume->import);
    fl_flume_keys_close(flume->keys);
    fl_vec_free(&flume->passwords);
    flow_batch_free(flume->batch);
    fl_free(&lib->allocator, flume);
    atomic_fetch_sub(&lib->users, 1);
}

int flow_flume_stat_get(const flow_flume *flume, flow_flume_stat *stat)
{
    const struct fl_flume_counts *counts = fl_flume_counts(flume->import);
    const flow_flume_stat mine = {
        .struct_size = sizeof mine,
        .checkpoint = (uint32_t)counts->has_used_checkpoint,
        .events = counts->events,
        .bytes = counts->bytes,
        .logs = counts->logs,
        .encrypted = counts->encrypted,
        .puts = counts->puts,
        .takes = counts->takes,
        .commits = counts->commits,
        .rollbacks = counts->rollbacks,
        .open_puts = counts->open_puts,
        .open_takes = counts->open_takes,
        .removed = counts->removed,
        .damaged = counts->damaged,
        .imported = flume->imported,
        .skipped = flume->skipped,
        .set_aside = counts->set_aside,
        .checkpoint_fault = fl_flume_checkpoint_fault(flume->import),
    };

    return fl_table_export(stat, &mine, sizeof mine, sizeof(uint32_t));
}

/* ---- positions ---- */

static const struct fl_flume_place last_place = {INT64_MAX, UINT64_MAX};

static void write_key(const flow_flume *flume, uint8_t key[KEY_SIZE])
{
    memcpy(key, KEY, sizeof KEY - 1);
    memcpy(key + sizeof KEY - 1, flume->id, FL_FLUME_ID);
}

/* An order is positive in Flume; what is not comes before, as it does when orders are compared. */
static uint64_t flipped(uint64_t order)
{
    return order ^ UINT64_C(1) << 63;
}

static void put_be(uint8_t *at, uint64_t number, size_t size)
{
    for (; size > 0; number >>= 8)
        at[--size] = (uint8_t)number;
}

static void write_value(uint8_t value[VALUE_SIZE], uint32_t logs,
                        const struct fl_flume_place *place)
{
    put_be(value, logs, 4);
    put_be(value + 4, flipped((uint64_t)place->order), 8);
    put_be(value + 12, place->pointer, 8);
}

/* Says up to where the batch goes. */
static int add_position(flow_flume *flume, const struct fl_flume_place *place, flow_error **err)
{
    uint8_t key[KEY_SIZE];
    uint8_t value[VALUE_SIZE];

    write_key(flume, key);
    write_value(value, fl_flume_last_log(flume->import), place);
    return flow_batch_set_position(flume->batch, key, sizeof key, value, sizeof value, err);
}

/* Whether an earlier import has brought the event there. */
static int is_known(const flow_flume *flume, const struct fl_flume_place *place)
{
    return place->pointer >> 32 <= flume->known_logs &&
           fl_flume_place_compare(place, &flume->known) <= 0;
}

/* Finds out what the channels have already. */
static int look(flow_flume *flume, flow_inlet *inlet, flow_error **err)
{
    uint8_t key[KEY_SIZE];
    uint8_t value[VALUE_SIZE];
    size_t size = 0;

    write_key(flume, key);
    int rc = flow_inlet_position(inlet, key, sizeof key, value, sizeof value, &size, err);
    if (rc || !size)
        return rc;
    if (size != sizeof value)
        return flow_error_set(err, FLOW_EPARSE, "the channel has a position of another form");
    flume->known_logs = (uint32_t)fl_flume_be32(value);
    flume->known.order = (int64_t)flipped((uint64_t)fl_flume_be64(value + 4));
    flume->known.pointer = (uint64_t)fl_flume_be64(value + 12);
    /* Flume never removes the last of its logs, and so does nobody who means well. */
    if (flume->known_logs > fl_flume_last_log(flume->import))
        return flow_error_setf(err, FLOW_ECONFIG,
                               "an import from these directories has come to log-%u, and now they "
                               "have only log-%u: remove log-import where they hold what another "
                               "channel has put",
                               flume->known_logs, fl_flume_last_log(flume->import));
    return FLOW_OK;
}

/* Where there is no log of Flume's, nothing is to be done and nothing is left behind. */
static int begin(flow_flume *flume, flow_inlet *inlet, flow_error **err)
{
    int rc = fl_flume_mark(flume->import, flume->id, err);

    if (!rc && flume->id[0])
        rc = look(flume, inlet, err);
    if (!rc)
        flume->stage = flume->id[0] ? BEGUN : DONE;
    return rc;
}

/* ---- importing ---- */

/* Adds the event at INDEX and its position. */
static int add_event(flow_flume *flume, size_t index, size_t *bytes, flow_error **err)
{
    struct fl_flume_event event;
    flow_error *fault = NULL;
    int rc = fl_flume_read(flume->import, index, &event, err);

    if (rc <= 0)
        return rc;
    *bytes += event.body_size;
    rc = flow_batch_add_full(flume->batch, event.body, event.body_size, event.headers,
                             event.header_count, sizeof(flow_header), &fault);
    if (rc == FLOW_ENOMEM)
        fl_error_pass(err, fault);
    if (rc == FLOW_ENOMEM)
        return rc;
    if (rc)
        flow_error_setf(err, rc, "%s: the event at byte %lld: %s", event.path,
                        (long long)event.offset, flow_error_message(fault));
    flow_error_free(fault);
    return rc ? rc : add_position(flume, fl_flume_place_at(flume->import, index), err);
}

/* Fills the batch with the next events that are not known, or, behind all of them, with the word
 * that the import is complete. */
static int fill(flow_flume *flume, flow_error **err)
{
    size_t count = fl_flume_count(flume->import);
    size_t at = flume->next;
    size_t bytes = 0;
    int rc = FLOW_OK;

    flow_batch_clear(flume->batch);
    for (; at < count && !rc; at++) {
        if (flow_batch_count(flume->batch) == BATCH_EVENTS || bytes >= BATCH_BYTES)
            break;
        if (!is_known(flume, fl_flume_place_at(flume->import, at)))
            rc = add_event(flume, at, &bytes, err);
    }
    if (!rc && at == count)
        rc = add_position(flume, &last_place, err);
    flume->ahead = rc ? 0 : at - flume->next + 1;
    return rc;
}

static int push(flow_flume *flume, flow_inlet *inlet, int64_t timeout_ms, flow_error **err)
{
    int rc = flume->ahead ? FLOW_OK : fill(flume, err);

    if (!rc)
        rc = flow_inlet_push_batch(inlet, flume->batch, timeout_ms, err);
    if (rc)
        return rc;
    size_t pushed = flow_batch_count(flume->batch);
    flume->imported += pushed;
    flume->skipped += flume->ahead - 1 - pushed;
    flume->next += flume->ahead - 1;
    flume->ahead = 0;
    if (flume->next == fl_flume_count(flume->import))
        flume->stage = DONE;
    return FLOW_OK;
}

int flow_flume_import(flow_flume *flume, flow_inlet *inlet, int64_t timeout_ms, flow_error **err)
{
    int rc = fl_library_check(flume ? flume->lib : NULL, err);

    if (!rc && flume->stage == OPENED)
        rc = begin(flume, inlet, err);
    while (!rc && flume->stage == BEGUN)
        rc = push(flume, inlet, timeout_ms, err);
    return rc;
}

int flow_flume_set_aside(flow_flume *flume, flow_error **err)
{
    int rc = fl_library_check(flume ? flume->lib : NULL, err);

    if (rc)
        return rc;
    if (flume->stage != DONE)
        return flow_error_set(err, FLOW_ESTATE, "not all of the channel has been imported");
    return flume->id[0] ? fl_flume_set_aside(flume->import, flume->id, err) : FLOW_OK;
}
