/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Converting.  Each kind of set has a loop that moves what is good as a whole, stops at a fault,
 * and asks in one place what the policy makes of it.
 */

#include "base/charset_inner.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

/* What a conversion works on. */
struct input {
    const uint8_t *data;
    size_t size;
    size_t at;
    int last; /* the text ends with it */
    flow_error **err;
};

int fl_charset_is_utf8(const struct fl_charset *cs)
{
    return cs->kind == FL_CHARSET_UTF8;
}

size_t fl_charset_most_units(const struct fl_charset *cs, size_t size)
{
    /* Some sets have a byte for two characters; 4 bytes of UTF-32 may be two units. */
    return cs->kind != FL_CHARSET_ICONV ? size : cs->unit == 2 ? size / 2 + 1 : 2 * size;
}

size_t fl_utf16_length(const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t units = 0;

    for (size_t i = 0; i < size; i++)
        units += ((p[i] & 0xc0) != 0x80) + (p[i] >= 0xf0);
    return units;
}

size_t fl_charset_sniff(struct fl_charset *cs, const void *data, size_t size)
{
    static const uint8_t big[2][4] = {{0xfe, 0xff}, {0, 0, 0xfe, 0xff}};
    static const uint8_t little[2][4] = {{0xff, 0xfe}, {0xff, 0xfe, 0, 0}};

    if (!cs->sniffs)
        return 0;
    int wide = cs->unit == 4;
    int is_big = size >= cs->unit && memcmp(data, big[wide], cs->unit) == 0;
    int is_little = size >= cs->unit && memcmp(data, little[wide], cs->unit) == 0;
    /* Without memory there is no decoder, and converting says so. */
    (void)fl_charset_settle(cs, is_little);
    return is_big || is_little ? cs->unit : 0;
}

/* Decides what becomes of the SIZE bytes at the input's place and steps over them. */
static int fault(const struct fl_charset *cs, struct input *in, size_t size, struct fl_buf *out)
{
    if (cs->policy == FL_CHARSET_FAIL)
        return flow_error_setf(in->err, FLOW_EPARSE, "byte 0x%02x is not valid in %s",
                               in->data[in->at], cs->name);
    int rc = cs->policy == FL_CHARSET_REPLACE ? fl_utf8_append(out, FL_UTF8_REPLACEMENT) : FLOW_OK;
    in->at += rc == FLOW_OK ? size : 0;
    return rc;
}

static int decode_utf8(const struct fl_charset *cs, struct input *in, struct fl_buf *out)
{
    int cut;

    for (;;) {
        size_t good = fl_utf8_valid(in->data + in->at, in->size - in->at);
        int rc = fl_buf_append(out, in->data + in->at, good);
        if (rc != FLOW_OK)
            return rc;
        in->at += good;
        if (in->at == in->size)
            return FLOW_OK;
        size_t broken = fl_utf8_broken(in->data + in->at, in->size - in->at, &cut);
        if (cut && !in->last)
            return FLOW_OK;
        rc = fault(cs, in, broken, out);
        if (rc != FLOW_OK)
            return rc;
    }
}

static int decode_ascii(const struct fl_charset *cs, struct input *in, struct fl_buf *out)
{
    int rc = FLOW_OK;

    while (rc == FLOW_OK && in->at < in->size) {
        size_t end = in->at;
        while (end < in->size && in->data[end] < 0x80)
            end++;
        rc = fl_buf_append(out, in->data + in->at, end - in->at);
        if (rc == FLOW_OK) {
            in->at = end;
            rc = end < in->size ? fault(cs, in, 1, out) : FLOW_OK;
        }
    }
    return rc;
}

/*
 * Runs iconv until it has taken *LEFT bytes at *FROM, or stops; FROM NULL ends the text.  Returns
 * 0, FLOW_ENOMEM, or the errno for which it stopped.
 */
static int pump(iconv_t cd, const uint8_t **from, size_t *left, struct fl_buf *out)
{
    for (;;) {
        size_t room = (from && *left < 4096 ? *left * 2 : 4096) + 64;
        char *to = fl_buf_reserve(out, room);
        if (!to)
            return FLOW_ENOMEM;
        char *start = to;
        size_t rc = iconv(cd, (char **)from, left, &to, &room);
        out->size += (size_t)(to - start);
        if (rc != (size_t)-1)
            return 0;
        if (errno != E2BIG)
            return errno;
    }
}

static int decode_iconv(struct fl_charset *cs, struct input *in, struct fl_buf *out)
{
    if (cs->decoder == FL_NO_ICONV)
        in->at += fl_charset_sniff(cs, in->data, in->size);
    if (cs->decoder == FL_NO_ICONV)
        return FLOW_ENOMEM;
    for (;;) {
        const uint8_t *from = in->data + in->at;
        size_t left = in->size - in->at;
        int rc = pump(cs->decoder, &from, &left, out);
        in->at = in->size - left;
        if (rc <= 0)
            return rc;
        if (rc == EINVAL && !in->last)
            return FLOW_OK;
        rc = fault(cs, in, rc == EINVAL || left < cs->unit ? left : cs->unit, out);
        if (rc != FLOW_OK)
            return rc;
    }
}

static int decode(struct fl_charset *cs, struct input *in, struct fl_buf *out)
{
    switch (cs->kind) {
    case FL_CHARSET_UTF8: return decode_utf8(cs, in, out);
    case FL_CHARSET_ASCII: return decode_ascii(cs, in, out);
    case FL_CHARSET_LATIN1: in->at = in->size; return fl_utf8_from_latin1(out, in->data, in->size);
    default: return decode_iconv(cs, in, out);
    }
}

int fl_charset_to_utf8(struct fl_charset *cs, const void *data, size_t size, struct fl_buf *out,
                       size_t *consumed, flow_error **err)
{
    struct input in = {.data = data, .size = size, .last = consumed == NULL, .err = err};
    int rc = size > 0 ? decode(cs, &in, out) : FLOW_OK;

    if (in.last && rc == FLOW_OK && cs->decoder != FL_NO_ICONV) {
        rc = pump(cs->decoder, NULL, NULL, out); /* what it held back; never fails otherwise */
    }
    if (in.last && cs->decoder != FL_NO_ICONV)
        (void)iconv(cs->decoder, NULL, NULL, NULL, NULL);
    if (consumed)
        *consumed = in.at;
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

/* Adds what stands for a character that the set lacks, or for bytes that were none. */
static int encode_fault(struct fl_charset *cs, uint32_t c, struct fl_buf *out, flow_error **err)
{
    static const uint8_t question[] = "?";
    const uint8_t *from = question;
    size_t left = 1;

    if (cs->policy == FL_CHARSET_FAIL)
        return flow_error_setf(err, FLOW_EPARSE, "%s has no character U+%04X", cs->name,
                               (unsigned)c);
    if (cs->policy == FL_CHARSET_IGNORE)
        return FLOW_OK;
    if (cs->kind != FL_CHARSET_ICONV)
        return fl_buf_append(out, question, 1);
    int rc = pump(cs->encoder, &from, &left, out);
    return rc < 0 ? rc : FLOW_OK;
}

static int encode_narrow(struct fl_charset *cs, const uint8_t *data, size_t size,
                         struct fl_buf *out, flow_error **err)
{
    uint32_t most = cs->kind == FL_CHARSET_LATIN1 ? 0xff : 0x7f;
    int rc = FLOW_OK;

    for (size_t at = 0; rc == FLOW_OK && at < size;) {
        uint32_t c;
        at += fl_utf8_decode(data + at, size - at, &c);
        rc = c <= most ? fl_buf_byte(out, (uint8_t)c) : encode_fault(cs, c, out, err);
    }
    return rc;
}

static int encode_iconv(struct fl_charset *cs, const uint8_t *data, size_t size, struct fl_buf *out,
                        flow_error **err)
{
    int rc;

    while ((rc = pump(cs->encoder, &data, &size, out)) > 0) {
        uint32_t c;
        size_t skipped = fl_utf8_decode(data, size, &c);
        rc = encode_fault(cs, c, out, err);
        if (rc != FLOW_OK)
            return rc;
        data += skipped;
        size -= skipped;
    }
    return rc;
}

/* DATA is valid UTF-8. */
static int encode(struct fl_charset *cs, const uint8_t *data, size_t size, struct fl_buf *out,
                  flow_error **err)
{
    if (cs->kind == FL_CHARSET_UTF8)
        return fl_buf_append(out, data, size);
    return cs->kind == FL_CHARSET_ICONV ? encode_iconv(cs, data, size, out, err)
                                        : encode_narrow(cs, data, size, out, err);
}

static int encode_broken(struct fl_charset *cs, struct fl_buf *out, flow_error **err)
{
    switch (cs->policy) {
    case FL_CHARSET_FAIL: return flow_error_set(err, FLOW_EPARSE, "the text is not valid UTF-8");
    case FL_CHARSET_REPLACE: return encode(cs, (const uint8_t *)"\xef\xbf\xbd", 3, out, err);
    default: return FLOW_OK;
    }
}

/* As String.getBytes: only UTF-16 without a named order begins with a mark. */
static int encode_begin(const struct fl_charset *cs, size_t size, struct fl_buf *out)
{
    int marked = cs->sniffs && cs->unit == 2 && size > 0;

    return marked ? fl_buf_append(out, "\xfe\xff", 2) : FLOW_OK;
}

int fl_charset_from_utf8(struct fl_charset *cs, const void *data, size_t size, struct fl_buf *out,
                         flow_error **err)
{
    const uint8_t *p = data;
    int rc = encode_begin(cs, size, out);
    int cut;

    for (size_t at = 0; rc == FLOW_OK && at < size;) {
        size_t good = fl_utf8_valid(p + at, size - at);
        rc = encode(cs, p + at, good, out, err);
        at += good;
        if (rc == FLOW_OK && at < size) {
            at += fl_utf8_broken(p + at, size - at, &cut);
            rc = encode_broken(cs, out, err);
        }
    }
    if (cs->encoder != FL_NO_ICONV) {
        int ended = rc == FLOW_OK ? pump(cs->encoder, NULL, NULL, out) : 0;
        rc = ended < 0 ? ended : rc;
        (void)iconv(cs->encoder, NULL, NULL, NULL, NULL);
    }
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

size_t fl_charset_newline(struct fl_charset *cs, uint8_t bytes[4])
{
    char newline[] = "\n";
    char *from = newline;
    char *to = (char *)bytes;
    size_t left = 1;
    size_t room = 4;

    memset(bytes, 0, 4);
    if (cs->unit > 1) {
        bytes[cs->little ? 0 : cs->unit - 1] = '\n';
        return cs->unit;
    }
    int own = cs->kind != FL_CHARSET_ICONV;
    if (own || iconv(cs->encoder, &from, &left, &to, &room) == (size_t)-1 || room == 4) {
        bytes[0] = '\n';
        return 1;
    }
    (void)iconv(cs->encoder, NULL, NULL, NULL, NULL);
    return 4 - room;
}
