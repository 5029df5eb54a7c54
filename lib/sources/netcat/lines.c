/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From bytes to lines.  UTF-8 is cut into lines as it comes, since no other character holds the
 * byte of a newline; other character sets are decoded first.  A line's length counts in UTF-16
 * units, as Java counts characters; a line has at most one for each byte, so most need no counting.
 */

#include "base/error.h"
#include "base/utf8.h"
#include "sources/netcat/netcat.h"

/* LINE as valid UTF-8, in place or repaired.  With CONSUMED, it may end within a character, which
 * does not count yet, nor does it in *CONSUMED. */
static int repair(struct netcat *nc, struct fl_line *line, size_t *consumed)
{
    if (consumed)
        *consumed = line->size;
    if (fl_utf8_valid(line->data, line->size) == line->size)
        return FLOW_OK;
    fl_buf_clear(&nc->text);
    int rc = fl_charset_to_utf8(nc->repairer, line->data, line->size, &nc->text, consumed, NULL);
    *line = (struct fl_line){nc->text.data, nc->text.size};
    return rc;
}

static void take_line(struct netcat *nc, struct fl_conn *conn, struct fl_line line)
{
    if (repair(nc, &line, NULL)) {
        netcat_no_memory(nc, conn);
        return;
    }
    if (line.size >= nc->longest && fl_utf16_length(line.data, line.size) >= nc->longest)
        netcat_too_long(nc, conn);
    else
        netcat_add(nc, conn, line.data, line.size);
}

/* Looks whether a line without an end is too long already. */
static void check_rest(struct netcat *nc, struct fl_conn *conn)
{
    struct netcat_peer *peer = fl_conn_state(conn);
    struct fl_line rest = fl_lines_rest(&peer->lines);
    size_t consumed;

    if (rest.size < peer->check_at)
        return;
    if (repair(nc, &rest, &consumed)) {
        netcat_no_memory(nc, conn);
        return;
    }
    size_t units = fl_utf16_length(rest.data, rest.size);
    if (units >= nc->longest)
        netcat_too_long(nc, conn);
    else /* No sooner than with as many bytes as there is room for units; those of a character that
            has begun are among them. */
        peer->check_at = consumed + (nc->longest - units);
}

static void feed_text(struct netcat *nc, struct fl_conn *conn, const uint8_t *data, size_t size)
{
    struct netcat_peer *peer = fl_conn_state(conn);
    struct fl_line line;
    int rc = 0;

    while (!peer->deaf && (rc = fl_lines_next(&peer->lines, &data, &size, &line)) > 0) {
        peer->check_at = nc->longest;
        take_line(nc, conn, line);
    }
    if (rc < 0)
        netcat_no_memory(nc, conn);
    if (!peer->deaf)
        check_rest(nc, conn);
}

/* Skips the byte order mark, once enough has come to tell; returns 0 before that. */
static int sniff(struct netcat_peer *peer)
{
    uint8_t newline[4];

    if (peer->sniffed)
        return 1;
    if (peer->undecoded.size < fl_charset_newline(peer->charset, newline))
        return 0;
    peer->sniffed = 1;
    fl_buf_consume(&peer->undecoded,
                   fl_charset_sniff(peer->charset, peer->undecoded.data, peer->undecoded.size));
    return 1;
}

static void feed_encoded(struct netcat *nc, struct fl_conn *conn, const uint8_t *data, size_t size)
{
    struct netcat_peer *peer = fl_conn_state(conn);
    struct fl_buf text;
    size_t consumed = 0;

    fl_buf_init(&text, nc->mem);
    int rc = fl_buf_append(&peer->undecoded, data, size);
    if (rc == FLOW_OK && sniff(peer))
        rc = fl_charset_to_utf8(peer->charset, peer->undecoded.data, peer->undecoded.size, &text,
                                &consumed, NULL);
    if (rc == FLOW_OK) {
        fl_buf_consume(&peer->undecoded, consumed);
        feed_text(nc, conn, text.data, text.size);
    } else {
        netcat_no_memory(nc, conn);
    }
    fl_buf_free(&text);
}

/* Before the first piece of a connection. */
static int meet(struct netcat *nc, struct netcat_peer *peer)
{
    if (peer->known)
        return FLOW_OK;
    peer->known = 1;
    peer->check_at = nc->longest;
    fl_lines_init(&peer->lines, nc->mem);
    fl_buf_init(&peer->undecoded, nc->mem);
    if (!nc->encoding)
        return FLOW_OK;
    return fl_charset_open(nc->mem, nc->encoding, FL_CHARSET_REPLACE, &peer->charset, NULL);
}

void netcat_feed(struct netcat *nc, struct fl_conn *conn, const uint8_t *data, size_t size)
{
    struct netcat_peer *peer = fl_conn_state(conn);

    if (meet(nc, peer))
        netcat_no_memory(nc, conn);
    if (peer->deaf)
        return;
    if (peer->charset)
        feed_encoded(nc, conn, data, size);
    else
        feed_text(nc, conn, data, size);
}

void netcat_forget(struct netcat *nc, struct fl_conn *conn)
{
    struct netcat_peer *peer = fl_conn_state(conn);

    if (!peer->known)
        return;
    if (!peer->deaf && (fl_lines_rest(&peer->lines).size || peer->undecoded.size))
        flow_counter_add(nc->unfinished, 1);
    fl_lines_free(&peer->lines);
    fl_buf_free(&peer->undecoded);
    fl_charset_free(peer->charset);
}
