/* SPDX-License-Identifier: Apache-2.0 */

/* The public face of a channel's consumers. */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/zone_data.h"
#include "core/channel.h"
#include "core/library.h"
#include "core/table.h"

struct flow_consumer {
    flow_channel *view;
};

/* ---- names and places ---- */

int fl_consumer_name_ok(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t size = strlen(name);

    return size <= FLOW_CONSUMER_NAME && strspn(name, allowed) == size;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MS, PARTS };

/* Reads as many parts of a time as there are; returns what is behind them, NULL when a part is not
 * whole. */
static const char *read_parts(const char *text, int parts[PARTS], int *count)
{
    static const char before[PARTS + 1] = " --T::.";
    static const int digits[PARTS] = {4, 2, 2, 2, 2, 2, 3};

    for (*count = 0; *count < PARTS; ++*count) {
        if (*count && *text != before[*count])
            break;
        text += *count > 0;
        for (int i = 0; i < digits[*count]; i++, text++) {
            if (*text < '0' || *text > '9')
                return NULL;
            parts[*count] = parts[*count] * 10 + (*text - '0');
        }
    }
    return text;
}

static int in_range(const int parts[PARTS])
{
    return parts[MONTH] >= 1 && parts[MONTH] <= 12 && parts[DAY] >= 1 &&
           parts[DAY] <= days_in(parts[YEAR], parts[MONTH]) && parts[HOUR] < 24 &&
           parts[MINUTE] < 60 && parts[SECOND] < 60;
}

/* "2026-11-26", "2026-11-26T10:00", "2026-11-26T10:00:00" or "...:00.000", and a Z or none. */
static int read_time(const char *text, int64_t *time)
{
    int parts[PARTS] = {0};
    int count = 0;
    const char *rest = read_parts(text, parts, &count);

    if (!rest || count < HOUR || count == MINUTE || !in_range(parts))
        return 0;
    rest += *rest == 'Z';
    int64_t days = fl_days_of(parts[YEAR], parts[MONTH], parts[DAY]);
    *time =
        ((days * 24 + parts[HOUR]) * 60 + parts[MINUTE]) * 60000 + parts[SECOND] * 1000 + parts[MS];
    return !*rest;
}

int flow_consumer_place_read(const char *text, flow_consumer_place *place, flow_error **err)
{
    flow_consumer_place mine = {.struct_size = sizeof mine};
    int64_t number = 0;

    if (!text || !place)
        return flow_error_set(err, FLOW_EINVAL,
                              "a text, or the place for what it means, is missing");
    if (!strcmp(text, "earliest")) {
        mine.start = FLOW_START_EARLIEST;
    } else if (!strcmp(text, "latest")) {
        mine.start = FLOW_START_LATEST;
    } else if (!fl_parse_int(text, strlen(text), &number) && number >= 0) {
        mine.start = FLOW_START_OFFSET;
        mine.offset = (uint64_t)number;
    } else if (read_time(text, &mine.time)) {
        mine.start = FLOW_START_TIME;
    } else {
        return flow_error_setf(err, FLOW_EINVAL,
                               "'%s' is not earliest, latest, an offset, or a time in UTC such as "
                               "2026-11-26T10:00:00Z",
                               text);
    }
    int rc = fl_table_export(place, &mine, sizeof mine, sizeof(uint32_t));
    return rc ? flow_error_set(err, rc, "struct_size is not that of a flow_consumer_place") : rc;
}

static int import_place(const flow_consumer_place *theirs, flow_consumer_place *mine,
                        flow_error **err)
{
    int rc = fl_options_import(mine, sizeof *mine, sizeof(uint32_t), theirs, "the place", err);

    if (!rc && (mine->start < FLOW_START_EARLIEST || mine->start > FLOW_START_TIME))
        rc = flow_error_setf(err, FLOW_EINVAL, "%u is no FLOW_START_...", mine->start);
    return rc;
}

static int import_options(const flow_consumer_options *theirs, flow_consumer_options *mine,
                          flow_consumer_place *from, flow_error **err)
{
    int rc = FLOW_OK;

    *mine = (flow_consumer_options){.struct_size = sizeof *mine};
    *from = (flow_consumer_place){.struct_size = sizeof *from, .start = FLOW_START_EARLIEST};
    if (theirs)
        rc = fl_options_import(mine, sizeof *mine, sizeof(uint32_t), theirs, "the options", err);
    if (!rc && mine->when_behind > FLOW_BEHIND_BLOCK)
        rc = flow_error_setf(err, FLOW_EINVAL, "%u is no FLOW_BEHIND_...", mine->when_behind);
    if (!rc && mine->place)
        rc = import_place(mine->place, from, err);
    if (!rc && mine->when_behind == FLOW_BEHIND_BLOCK && mine->max_bytes)
        rc = flow_error_set(err, FLOW_EINVAL,
                            "a consumer that blocks is bounded in events; leave max_bytes out");
    if (!mine->when_behind)
        mine->when_behind = FLOW_BEHIND_SKIP;
    mine->place = from;
    return rc;
}

/* ---- calls ---- */

/* Whether CHANNEL can be asked about the consumer NAME. */
static int check(const flow_channel *channel, const char *name, flow_error **err)
{
    if (!channel || !name)
        return flow_error_set(err, FLOW_EINVAL, "no channel, or no name of a consumer");
    int rc = fl_library_check(channel->ctx->lib, err);
    if (rc)
        return rc;
    if (!fl_consumer_name_ok(name))
        rc = flow_error_setf(err, FLOW_EINVAL,
                             "'%s' is no name of a consumer: it has letters, digits, '-' and '_', "
                             "at most %u",
                             name, FLOW_CONSUMER_NAME);
    else if (!fl_channel_has_consumers(channel))
        rc = flow_error_setf(err, FLOW_ENOENT, "a channel of type %s has no consumers",
                             channel->ops->type);
    if (rc)
        flow_error_locate(err, channel->ctx->label, NULL, NULL, 0, 0);
    return rc;
}

/* Makes sure that CHANNEL is open, and stays so until `leave`. */
static int enter(flow_channel *channel, flow_error **err)
{
    fl_lock(&channel->calls);
    int rc = fl_channel_check(channel, err);
    if (rc)
        fl_unlock(&channel->calls);
    return rc;
}

/* Returns RC, with the channel's name where it is a failure. */
static int leave(flow_channel *channel, int rc, flow_error **err)
{
    fl_unlock(&channel->calls);
    if (rc)
        flow_error_locate(err, channel->ctx->label, NULL, NULL, 0, 0);
    return rc;
}

/* What changed may let others put or take. */
static int changed(flow_channel *channel, int rc, flow_error **err)
{
    rc = leave(channel, rc, err);
    if (!rc)
        flow_channel_notify(channel->ctx);
    return rc;
}

int flow_consumer_add(flow_channel *channel, const char *name, const flow_consumer_options *options,
                      flow_error **err)
{
    flow_consumer_options mine;
    flow_consumer_place from;
    int rc = check(channel, name, err);

    if (!rc && !*name)
        rc = flow_error_set(err, FLOW_EINVAL, "a consumer that is added has a name");
    if (!rc)
        rc = import_options(options, &mine, &from, err);
    if (!rc)
        rc = enter(channel, err);
    if (rc)
        return rc;
    return changed(channel, channel->consumers.add(channel->self, name, &mine, err), err);
}

/* Asks the channel, and gives the caller what that knows of the struct. */
static int get_next(flow_channel *channel, const char *after, flow_consumer_info *info,
                    flow_error **err)
{
    flow_consumer_info mine = {.struct_size = sizeof mine};
    int rc = channel->consumers.next(channel->self, after, &mine);

    if (rc)
        return rc;
    rc = fl_table_export(info, &mine, sizeof mine, sizeof(uint32_t));
    return rc ? flow_error_set(err, rc, "struct_size is not that of a flow_consumer_info") : rc;
}

int flow_consumer_next(flow_channel *channel, const char *after, flow_consumer_info *info,
                       flow_error **err)
{
    if (!channel || !info)
        return flow_error_set(err, FLOW_EINVAL, "no channel, or no place for a consumer");
    int rc = fl_library_check(channel->ctx->lib, err);
    if (!rc && !fl_channel_has_consumers(channel))
        return FLOW_ENOENT;
    if (!rc)
        rc = enter(channel, err);
    if (rc)
        return rc;
    rc = get_next(channel, after, info, err);
    fl_unlock(&channel->calls);
    return rc;
}

/* The consumer before NAME in their order is the key to it. */
static int find(flow_channel *channel, const char *name, flow_consumer_info *info, flow_error **err)
{
    flow_consumer_info found = {.struct_size = sizeof found};
    const char *after = NULL;

    while (channel->consumers.next(channel->self, after, &found) == FLOW_OK) {
        if (!strcmp(found.name, name))
            return get_next(channel, after, info, err);
        after = found.name;
    }
    return flow_error_setf(err, FLOW_ENOENT, "there is no consumer '%s'", name);
}

int flow_consumer_get(flow_channel *channel, const char *name, flow_consumer_info *info,
                      flow_error **err)
{
    int rc = check(channel, name, err);

    if (!rc && !info)
        rc = flow_error_set(err, FLOW_EINVAL, "no place for a consumer");
    if (!rc)
        rc = enter(channel, err);
    return rc ? rc : leave(channel, find(channel, name, info, err), err);
}

int flow_consumer_seek(flow_channel *channel, const char *name, const flow_consumer_place *to,
                       uint64_t *offset, flow_error **err)
{
    flow_consumer_place place;
    uint64_t where = 0;
    int rc = check(channel, name, err);

    if (!rc && !to)
        rc = flow_error_set(err, FLOW_EINVAL, "no place to move a consumer to");
    if (!rc)
        rc = import_place(to, &place, err);
    if (!rc)
        rc = enter(channel, err);
    if (rc)
        return rc;
    rc = channel->consumers.seek(channel->self, name, &place, &where, err);
    if (!rc && offset)
        *offset = where;
    return changed(channel, rc, err);
}

static int pause(flow_channel *channel, const char *name, int paused, flow_error **err)
{
    int rc = check(channel, name, err);

    if (!rc)
        rc = enter(channel, err);
    return rc ? rc
              : changed(channel, channel->consumers.pause(channel->self, name, paused, err), err);
}

int flow_consumer_pause(flow_channel *channel, const char *name, flow_error **err)
{
    return pause(channel, name, 1, err);
}

int flow_consumer_resume(flow_channel *channel, const char *name, flow_error **err)
{
    return pause(channel, name, 0, err);
}

int flow_consumer_remove(flow_channel *channel, const char *name, flow_error **err)
{
    int rc = check(channel, name, err);

    if (!rc)
        rc = enter(channel, err);
    return rc ? rc : changed(channel, channel->consumers.remove(channel->self, name, err), err);
}

/* ---- dead letters ---- */

static int check_letters(const flow_channel *channel, const char *name, flow_error **err)
{
    int rc = check(channel, name, err);

    if (!rc && !(channel->consumers.letters && channel->consumers.replay))
        rc = flow_error_setf(err, FLOW_ENOENT, "a channel of type %s has no dead letters",
                             channel->ops->type);
    return rc;
}

int flow_consumer_letters(flow_channel *channel, const char *name, flow_letter_fn fn, void *arg,
                          flow_error **err)
{
    int rc = check_letters(channel, name, err);

    if (!rc && !fn)
        rc = flow_error_set(err, FLOW_EINVAL, "no function was given");
    if (!rc)
        rc = enter(channel, err);
    if (rc)
        return rc;
    return leave(channel, channel->consumers.letters(channel->self, name, fn, arg, err), err);
}

int flow_consumer_replay(flow_channel *channel, const char *name, uint64_t offset, uint64_t *count,
                         flow_error **err)
{
    uint64_t replayed = 0;
    int rc = check_letters(channel, name, err);

    if (!rc)
        rc = enter(channel, err);
    if (rc)
        return rc;
    rc = channel->consumers.replay(channel->self, name, offset, &replayed, err);
    if (count)
        *count = replayed;
    return changed(channel, rc, err);
}

/* ---- handles ---- */

int flow_consumer_open(flow_channel *channel, const char *name, flow_consumer **consumer,
                       flow_error **err)
{
    int rc = check(channel, name, err);

    if (!rc && !consumer)
        rc = flow_error_set(err, FLOW_EINVAL, "no place for the handle");
    if (rc)
        return rc;
    flow_consumer *made = fl_zalloc(&channel->ctx->lib->allocator, sizeof *made);
    if (!made)
        return fl_error_nomem(err);
    rc = enter(channel, err);
    if (!rc)
        rc = leave(channel, fl_channel_view(channel, name, &made->view, err), err);
    if (rc)
        fl_free(&channel->ctx->lib->allocator, made);
    else
        *consumer = made;
    return rc;
}

void flow_consumer_close(flow_consumer *consumer)
{
    if (!consumer || fl_forked(&consumer->view->ctx->lib->guard))
        return;
    const flow_allocator *mem = &consumer->view->ctx->lib->allocator;
    fl_channel_view_free(consumer->view);
    fl_free(mem, consumer);
}

int flow_consumer_begin(flow_consumer *consumer, flow_txn **txn, flow_error **err)
{
    if (!consumer)
        return flow_error_set(err, FLOW_EINVAL, "no consumer was given");
    return flow_txn_begin(consumer->view, txn, err);
}
