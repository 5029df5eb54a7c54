/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Path escapes.  The grammar is Flume's regular expression, %(\w|%) | %{[\w.-]+} | %[\w+], and
 * whatever does not match it stays as it is.  A compiled text is a list of pieces; names of this
 * host are resolved when it is compiled, for they do not change while the sink runs.
 *
 * Names of days and months are English and digits are ASCII, whatever the locale.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/vec.h"
#include "sinks/hdfs/escape.h"
#include "sinks/hdfs/host.h"

enum piece_kind { PIECE_TEXT, PIECE_HEADER, PIECE_LETTER };

struct piece {
    enum piece_kind kind;
    char letter;
    char *text; /* the text itself, or the header's name */
};

struct fl_hdfs_escape {
    const flow_allocator *mem;
    struct fl_vec pieces;
    unsigned needs;
};

static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

/* \w of Java without flags. */
static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static int is_name(char c)
{
    return is_word(c) || c == '.' || c == '-';
}

static int add_piece(struct fl_hdfs_escape *escape, enum piece_kind kind, const char *text,
                     size_t size)
{
    struct piece piece = {.kind = kind};

    if (kind == PIECE_LETTER)
        piece.letter = *text;
    else if (!(piece.text = fl_strndup(escape->mem, text, size)))
        return FLOW_ENOMEM;
    if (fl_vec_push(&escape->pieces, &piece))
        return FLOW_OK;
    fl_free(escape->mem, piece.text);
    return FLOW_ENOMEM;
}

/* The size of the escape at AT, which is a '%', or 0 when it is just that character. */
static size_t escape_size(const char *at)
{
    int (*accept)(char) = at[1] == '{' ? is_name : is_word;
    char end = at[1] == '{' ? '}' : ']';
    size_t size = 2;

    if (at[1] == '%' || is_word(at[1]))
        return 2;
    if (at[1] != '{' && at[1] != '[')
        return 0;
    while (accept(at[size]))
        size++;
    return size > 2 && at[size] == end ? size + 1 : 0;
}

static int add_host(struct fl_hdfs_escape *escape, const char *name, size_t size, flow_error **err)
{
    char *text = NULL;
    int rc = fl_hdfs_host_name(escape->mem, name, size, &text, err);

    if (!rc && add_piece(escape, PIECE_TEXT, text, strlen(text)))
        rc = fl_error_nomem(err);
    fl_free(escape->mem, text);
    return rc;
}

static unsigned letter_needs(char letter)
{
    return letter == 't' ? FL_ESCAPE_MILLI : FL_ESCAPE_SECOND;
}

static int add_escape(struct fl_hdfs_escape *escape, const char *at, size_t size, flow_error **err)
{
    int rc;

    if (at[1] == '[')
        return add_host(escape, at + 2, size - 3, err);
    if (at[1] == '{') {
        escape->needs |= FL_ESCAPE_HEADER;
        rc = add_piece(escape, PIECE_HEADER, at + 2, size - 3);
    } else {
        escape->needs |= letter_needs(at[1]);
        rc = add_piece(escape, PIECE_LETTER, at + 1, 1);
    }
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

static int compile(struct fl_hdfs_escape *escape, const char *text, flow_error **err)
{
    const char *literal = text;
    int rc = FLOW_OK;

    while (*text && !rc) {
        size_t size = *text == '%' ? escape_size(text) : 0;
        if (!size) {
            text++;
            continue;
        }
        if (text > literal && add_piece(escape, PIECE_TEXT, literal, (size_t)(text - literal)))
            return fl_error_nomem(err);
        rc = add_escape(escape, text, size, err);
        text += size;
        literal = text;
    }
    if (!rc && *literal && add_piece(escape, PIECE_TEXT, literal, strlen(literal)))
        rc = fl_error_nomem(err);
    return rc;
}

int fl_hdfs_escape_new(const flow_allocator *mem, const char *text, struct fl_hdfs_escape **escape,
                       flow_error **err)
{
    struct fl_hdfs_escape *made = fl_zalloc(mem, sizeof *made);

    *escape = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    fl_vec_init(&made->pieces, mem, sizeof(struct piece));
    int rc = compile(made, text, err);
    if (rc) {
        fl_hdfs_escape_free(made);
        return rc;
    }
    *escape = made;
    return FLOW_OK;
}

void fl_hdfs_escape_free(struct fl_hdfs_escape *escape)
{
    if (!escape)
        return;
    for (size_t i = 0; i < escape->pieces.count; i++)
        fl_free(escape->mem, ((struct piece *)fl_vec_at(&escape->pieces, i))->text);
    fl_vec_free(&escape->pieces);
    fl_free(escape->mem, escape);
}

unsigned fl_hdfs_escape_needs(const struct fl_hdfs_escape *escape)
{
    return escape->needs;
}

int fl_hdfs_time_of(const struct fl_hdfs_time_rule *rule, const flow_event *event, int64_t now_ms,
                    int64_t *ms, flow_error **err)
{
    size_t size = 0;

    *ms = now_ms;
    if (rule->use_local_time)
        return FLOW_OK;
    const char *value = flow_event_header(event, "timestamp", &size);
    if (!value)
        return flow_error_set(err, FLOW_EDELIVERY,
                              "Expected timestamp in the Flume event headers, but it was null; "
                              "add a timestamp interceptor to the source, or set "
                              "hdfs.useLocalTimeStamp = true");
    if (fl_parse_int(value, size, ms))
        return flow_error_setf(err, FLOW_EDELIVERY,
                               "Flume wasn't able to parse timestamp header in the event to "
                               "resolve time based bucketing: '%.40s' is no number of "
                               "milliseconds",
                               value);
    return FLOW_OK;
}

/* Java resolves a wall time that comes twice to the later one, fl_zone_time to the earlier. */
static int64_t later_of_two(const struct fl_zone *zone, const struct fl_civil *civil, int64_t time)
{
    struct fl_civil later;

    for (int64_t step = 1800; step <= 7200; step += 1800) {
        fl_zone_civil(zone, time + step, &later);
        if (later.hour == civil->hour && later.minute == civil->minute && later.day == civil->day)
            return time + step;
    }
    return time;
}

/* Takes VALUE's remainder off the field of UNIT and sets the smaller ones to zero. */
static void round_fields(struct fl_civil *civil, int unit, int32_t value)
{
    if (unit == FL_ROUND_HOUR)
        civil->hour -= civil->hour % value;
    if (unit == FL_ROUND_MINUTE)
        civil->minute -= civil->minute % value;
    if (unit == FL_ROUND_SECOND)
        civil->second -= civil->second % value;
    if (unit >= FL_ROUND_HOUR)
        civil->minute = 0;
    if (unit >= FL_ROUND_MINUTE)
        civil->second = 0;
}

static int64_t floor_seconds(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0);
}

int fl_hdfs_time_split(const struct fl_hdfs_time_rule *rule, int64_t ms, struct fl_hdfs_time *time,
                       flow_error **err)
{
    time->ms = ms;
    time->rounded_s = floor_seconds(ms);
    fl_zone_civil(rule->zone, time->rounded_s, &time->civil);
    if (rule->round_unit == FL_ROUND_NONE)
        return FLOW_OK;
    if (ms <= 0)
        return flow_error_set(err, FLOW_EDELIVERY,
                              "Timestamp must be positive: hdfs.round cannot round the time of "
                              "this event");
    round_fields(&time->civil, rule->round_unit, rule->round_value);
    int64_t rounded = fl_zone_time(rule->zone, &time->civil);
    time->rounded_s = later_of_two(rule->zone, &time->civil, rounded);
    fl_zone_civil(rule->zone, time->rounded_s, &time->civil);
    return FLOW_OK;
}

static int add_offset(struct fl_buf *out, int32_t offset)
{
    int32_t minutes = (offset < 0 ? -offset : offset) / 60;

    return fl_buf_printf(out, "%c%02d%02d", offset < 0 ? '-' : '+', (int)(minutes / 60),
                         (int)(minutes % 60));
}

static int hour_of_twelve(const struct fl_civil *civil)
{
    return civil->hour % 12 ? (int)(civil->hour % 12) : 12;
}

static int add_whole_date(struct fl_buf *out, const struct fl_civil *civil)
{
    return fl_buf_printf(out, "%.3s %.3s %d %02d:%02d:%02d %04d", days[civil->weekday],
                         months[civil->month - 1], (int)civil->day, (int)civil->hour,
                         (int)civil->minute, (int)civil->second, (int)civil->year);
}

/* The letters that are fields of the date. */
static int add_date_letter(struct fl_buf *out, char letter, const struct fl_civil *civil)
{
    switch (letter) {
    case 'a': return fl_buf_printf(out, "%.3s", days[civil->weekday]);
    case 'A': return fl_buf_text(out, days[civil->weekday]);
    case 'b': return fl_buf_printf(out, "%.3s", months[civil->month - 1]);
    case 'B': return fl_buf_text(out, months[civil->month - 1]);
    case 'c': return add_whole_date(out, civil);
    case 'd': return fl_buf_printf(out, "%02d", (int)civil->day);
    case 'D':
        return fl_buf_printf(out, "%02d/%02d/%02d", (int)civil->month, (int)civil->day,
                             (int)(civil->year % 100));
    case 'e': return fl_buf_printf(out, "%d", (int)civil->day);
    case 'j': return fl_buf_printf(out, "%03d", (int)civil->yearday);
    case 'm': return fl_buf_printf(out, "%02d", (int)civil->month);
    case 'n': return fl_buf_printf(out, "%d", (int)civil->month);
    case 'y': return fl_buf_printf(out, "%02d", (int)(civil->year % 100));
    case 'Y': return fl_buf_printf(out, "%04d", (int)civil->year);
    default: return FLOW_OK;
    }
}

/* The letters that are fields of the time of day, and the rest. */
static int add_letter(struct fl_buf *out, char letter, const struct fl_hdfs_time *time)
{
    const struct fl_civil *civil = &time->civil;

    switch (letter) {
    case '%': return fl_buf_byte(out, '%');
    case 'H': return fl_buf_printf(out, "%02d", (int)civil->hour);
    case 'I': return fl_buf_printf(out, "%02d", hour_of_twelve(civil));
    case 'k': return fl_buf_printf(out, "%d", (int)civil->hour);
    case 'l': return fl_buf_printf(out, "%d", hour_of_twelve(civil));
    case 'M': return fl_buf_printf(out, "%02d", (int)civil->minute);
    case 'p': return fl_buf_text(out, civil->hour < 12 ? "AM" : "PM");
    case 's': return fl_buf_printf(out, "%lld", (long long)time->rounded_s);
    case 'S': return fl_buf_printf(out, "%02d", (int)civil->second);
    case 't': return fl_buf_printf(out, "%lld", (long long)time->ms);
    case 'z': return add_offset(out, civil->offset);
    default: return add_date_letter(out, letter, civil);
    }
}

static int add_header(struct fl_buf *out, const char *name, const flow_event *event)
{
    size_t size = 0;
    const char *value = flow_event_header(event, name, &size);

    return value ? fl_buf_append(out, value, size) : FLOW_OK;
}

int fl_hdfs_escape_expand(const struct fl_hdfs_escape *escape, const flow_event *event,
                          const struct fl_hdfs_time *time, struct fl_buf *out)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < escape->pieces.count && !rc; i++) {
        const struct piece *piece = fl_vec_at(&escape->pieces, i);
        if (piece->kind == PIECE_TEXT)
            rc = fl_buf_text(out, piece->text);
        else if (piece->kind == PIECE_HEADER)
            rc = add_header(out, piece->text, event);
        else
            rc = add_letter(out, piece->letter, time);
    }
    return rc;
}
