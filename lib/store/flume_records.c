/* SPDX-License-Identifier: Apache-2.0 */
/* Records of logs, one behind the other or at a place. */

#include <string.h>

#include "base/error.h"
#include "store/flume_inner.h"

/* What is read of a log at first, when nobody knows yet whether more of it is needed soon. */
#define FIRST_AHEAD 4096

/* What was at a place, where nothing failed. */
enum { AT_END, AT_RECORD, AT_NOTHING, AT_DAMAGE };

static const char no_record[] = "no record begins there";
static const char foreign[] = "a record that is none of Flume's";
static const char cut[] = "a record goes on behind the end of the log";

int fl_flume_damaged(struct fl_flume_import *import, const struct fl_flume_log *log, int64_t offset,
                     const char *what, flow_error **err)
{
    if (import->options.is_lenient) {
        import->counts.damaged++;
        return FLOW_OK;
    }
    return flow_error_setf(err, FLOW_EPARSE, "%s is damaged at byte %lld: %s", log->path,
                           (long long)offset, what);
}

/* ---- version 3 ---- */

/* Looks at the first byte of a record and its size, in a window that has SIZE bytes of it. */
static int look_at_frame(const struct fl_flume_window *window, int64_t offset, size_t got,
                         int64_t *size, const char **what)
{
    if (got == 0)
        return AT_END;
    const uint8_t *data = fl_flume_window_at(window, offset);
    if (data[0] == FL_FLUME_END)
        return AT_END;
    *what = no_record;
    if (data[0] != FL_FLUME_RECORD && data[0] != FL_FLUME_NOOP)
        return AT_DAMAGE;
    /* The end as well, for Flume too: the last write came no further. */
    if (got < FL_FLUME_FRAME_SIZE)
        return AT_END;
    *size = fl_flume_be32(data + 1);
    if (data[0] == FL_FLUME_NOOP)
        return AT_NOTHING;
    *what = cut;
    return *size < 0 || *size > window->log->size - offset - FL_FLUME_FRAME_SIZE ? AT_DAMAGE
                                                                                 : AT_RECORD;
}

/* Reads a record, of a put the head alone. */
static int read_head(struct fl_flume_import *import, const struct fl_flume_log *log,
                     const uint8_t *data, size_t size, struct fl_flume_record *record,
                     flow_error **err)
{
    const struct fl_flume_cipher *cipher = import->options.cipher;
    uint8_t clear[FL_FLUME_HEAD_MAX];
    size_t some = size < sizeof clear ? size : sizeof clear;

    memcpy(clear, data, some);
    if (log->meta.is_encrypted) {
        int rc = cipher->decrypt(cipher->self, &log->meta.encryption, clear, some, err);
        if (rc)
            return rc;
    }
    if (fl_flume_record_head(clear, some, record))
        return AT_DAMAGE;
    if (record->kind == FL_FLUME_PUT)
        return AT_RECORD;
    /* All others are smaller than a head may be, and keep nothing that points into it. */
    return size > some || fl_flume_record_read(clear, some, record) ? AT_DAMAGE : AT_RECORD;
}

static int step3(struct fl_flume_import *import, struct fl_flume_cursor *cursor,
                 struct fl_flume_record *record, flow_error **err)
{
    struct fl_flume_window *window = &cursor->window;
    size_t ahead = window->bytes.capacity > 0 ? FL_FLUME_AHEAD : FIRST_AHEAD;
    int64_t offset = cursor->offset;
    int64_t size = 0;
    const char *what;
    size_t got;
    int rc = fl_flume_window_get(import, window, offset, FL_FLUME_FRAME_SIZE + FL_FLUME_HEAD_MAX,
                                 ahead, &got, err);

    if (rc)
        return rc;
    int at = look_at_frame(window, offset, got, &size, &what);
    if (at == AT_END)
        return AT_END;
    if (at == AT_DAMAGE) {
        /* Where the next record begins cannot be told. */
        rc = fl_flume_damaged(import, window->log, offset, what, err);
        return rc ? rc : AT_END;
    }
    cursor->offset += FL_FLUME_FRAME_SIZE + (size > 0 ? size : 0);
    if (at == AT_NOTHING)
        return AT_NOTHING;
    at = read_head(import, window->log, fl_flume_window_at(window, offset) + FL_FLUME_FRAME_SIZE,
                   (size_t)size, record, err);
    if (at != AT_DAMAGE)
        return at;
    rc = fl_flume_damaged(import, window->log, offset, foreign, err);
    return rc ? rc : AT_NOTHING;
}

/* Reads all of a record whose frame is in the window. */
static int read_whole(struct fl_flume_import *import, struct fl_flume_window *window,
                      int64_t offset, size_t size, struct fl_flume_record *record, flow_error **err)
{
    const struct fl_flume_log_meta *meta = &window->log->meta;
    const struct fl_flume_cipher *cipher = import->options.cipher;
    size_t got;
    int rc = fl_flume_window_get(import, window, offset, FL_FLUME_FRAME_SIZE + size, FL_FLUME_AHEAD,
                                 &got, err);

    if (rc)
        return rc;
    const uint8_t *data = fl_flume_window_at(window, offset) + FL_FLUME_FRAME_SIZE;
    if (meta->is_encrypted) {
        fl_buf_clear(&import->record);
        if (fl_buf_append(&import->record, data, size))
            return fl_error_nomem(err);
        data = import->record.data;
        rc = cipher->decrypt(cipher->self, &meta->encryption, import->record.data, size, err);
        if (rc)
            return rc;
    }
    return fl_flume_record_read(data, size, record) ? AT_DAMAGE : AT_RECORD;
}

static int read3(struct fl_flume_import *import, struct fl_flume_window *window, int64_t offset,
                 struct fl_flume_record *record, flow_error **err)
{
    int64_t size = 0;
    const char *what;
    size_t got;
    int rc =
        fl_flume_window_get(import, window, offset, FL_FLUME_FRAME_SIZE, FL_FLUME_AHEAD, &got, err);

    if (rc)
        return rc;
    int at = look_at_frame(window, offset, got, &size, &what);
    return at == AT_RECORD ? read_whole(import, window, offset, (size_t)size, record, err) : at;
}

/* ---- version 2 ---- */

/* Reads a record by more and more bytes, since it does not tell how many it needs. */
static int read2(struct fl_flume_import *import, struct fl_flume_window *window, int64_t offset,
                 struct fl_flume_record *record, size_t *used, flow_error **err)
{
    size_t got;
    int rc;

    for (size_t size = FIRST_AHEAD;; size *= 2) {
        rc = fl_flume_window_get(import, window, offset, size, FL_FLUME_AHEAD, &got, err);
        if (rc || got == 0)
            return rc ? rc : AT_END;
        const uint8_t *data = fl_flume_window_at(window, offset);
        if (data[0] == FL_FLUME_END)
            return AT_END;
        if (data[0] != FL_FLUME_RECORD)
            return AT_DAMAGE;
        rc = fl_flume_record2_read(data + 1, got - 1, record, used);
        if (rc != FL_FLUME_SHORT)
            break;
        /* The log ends in a record; so it did when Flume wrote no further. */
        if (got < size)
            return AT_END;
    }
    ++*used;
    return rc ? AT_DAMAGE : AT_RECORD;
}

static int step2(struct fl_flume_import *import, struct fl_flume_cursor *cursor,
                 struct fl_flume_record *record, flow_error **err)
{
    size_t used;
    int rc = read2(import, &cursor->window, cursor->offset, record, &used, err);

    if (rc == AT_DAMAGE) {
        rc = fl_flume_damaged(import, cursor->window.log, cursor->offset, foreign, err);
        return rc ? rc : AT_END;
    }
    if (rc == AT_RECORD)
        cursor->offset += (int64_t)used;
    return rc;
}

/* ---- both ---- */

int fl_flume_cursor_next(struct fl_flume_import *import, struct fl_flume_cursor *cursor,
                         struct fl_flume_record *record, int64_t *at, flow_error **err)
{
    int is_old = cursor->window.log->meta.version == FL_FLUME_VERSION_2;
    int rc;

    do {
        *at = cursor->offset;
        rc = is_old ? step2(import, cursor, record, err) : step3(import, cursor, record, err);
    } while (rc == AT_NOTHING);
    return rc;
}

int fl_flume_put_at(struct fl_flume_import *import, uint64_t pointer,
                    struct fl_flume_record *record, flow_error **err)
{
    const struct fl_flume_log *log = fl_flume_log_at(import, (uint32_t)(pointer >> 32));
    struct fl_flume_window *window = fl_flume_window_of(import, log);
    int64_t offset = (int64_t)(pointer & UINT32_MAX);
    size_t used;
    int rc = log->meta.version == FL_FLUME_VERSION_2
                 ? read2(import, window, offset, record, &used, err)
                 : read3(import, window, offset, record, err);

    if (rc < 0)
        return rc;
    if (rc == AT_NOTHING) {
        import->counts.removed++;
        return 0;
    }
    if (rc == AT_RECORD && record->kind == FL_FLUME_PUT)
        return 1;
    return fl_flume_damaged(import, log, offset, "the event there cannot be read", err);
}
