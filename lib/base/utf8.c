/* SPDX-License-Identifier: Apache-2.0 */

/*
 * UTF-8.  Text is mostly ASCII, so validation strides over many bytes at a time while no high bit
 * is set and looks at single characters only between such strides.
 */

#include "base/utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static int is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The second byte's range depends on the first: overlong forms, surrogates and what lies beyond
 * U+10FFFF are told there. */
static int second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0: return second >= 0xa0 && second <= 0xbf;
    case 0xed: return second >= 0x80 && second <= 0x9f;
    case 0xf0: return second >= 0x90 && second <= 0xbf;
    case 0xf4: return second >= 0x80 && second <= 0x8f;
    default: return is_continuation(second);
    }
}

/* The size that the first byte announces, 0 when no character begins with it. */
static size_t announced(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The size of the character at P, 0 when it is broken or cut. */
static size_t character(const uint8_t *p, size_t left)
{
    size_t size = announced(*p);

    if (size == 0 || size > left || (size > 1 && !second_fits(p[0], p[1])))
        return 0;
    for (size_t i = 2; i < size; i++) {
        if (!is_continuation(p[i]))
            return 0;
    }
    return size;
}

/* One register of the machine, whatever the machine is. */
typedef uint64_t pair __attribute__((vector_size(16)));

/* How many bytes from P on are surely ASCII; a few more may follow. */
static size_t ascii_stride(const uint8_t *p, size_t left)
{
    size_t done = 0;

    while (left - done >= 8 * sizeof(pair)) {
        pair w[8];
        memcpy(w, p + done, sizeof w);
        pair all = (w[0] | w[1]) | (w[2] | w[3]) | (w[4] | w[5]) | (w[6] | w[7]);
        if ((all[0] | all[1]) & HIGH_BITS)
            break;
        done += sizeof w;
    }
    while (left - done >= 8) {
        uint64_t word;
        memcpy(&word, p + done, sizeof word);
        if (word & HIGH_BITS)
            break;
        done += sizeof word;
    }
    return done;
}

size_t fl_utf8_valid(const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t at = 0;

    while (at < size) {
        if (p[at] < 0x80) {
            size_t stride = ascii_stride(p + at, size - at);
            at += stride > 0 ? stride : 1;
            continue;
        }
        size_t one = character(p + at, size - at);
        if (one == 0)
            break;
        at += one;
    }
    return at;
}

size_t fl_utf8_broken(const void *data, size_t size, int *cut)
{
    const uint8_t *p = data;
    size_t whole = size > 0 ? announced(p[0]) : 0;

    *cut = 0;
    if (whole < 2)
        return size > 0;
    if (size == 1) {
        *cut = 1;
        return 1;
    }
    /* An encoded surrogate is one broken character, though its bytes have the form of a good one.
     */
    int surrogate = p[0] == 0xed && p[1] >= 0xa0 && p[1] <= 0xbf;
    if (!second_fits(p[0], p[1]) && !surrogate)
        return 1;
    size_t got = 2;
    while (got < whole && got < size && is_continuation(p[got]))
        got++;
    *cut = got == size && got < whole;
    return got;
}

size_t fl_utf8_decode(const void *data, size_t size, uint32_t *code_point)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const uint8_t *p = data;
    size_t whole = size > 0 ? character(p, size) : 0;

    *code_point = whole > 0 ? p[0] & first_bits[whole] : 0;
    for (size_t i = 1; i < whole; i++)
        *code_point = *code_point << 6 | (p[i] & 0x3f);
    return whole;
}

int fl_utf8_append(struct fl_buf *out, uint32_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        c = FL_UTF8_REPLACEMENT;
    uint8_t text[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = size - 1; i > 0; i--) {
        text[i] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    text[0] = (uint8_t)(marks[size] | c);
    return fl_buf_append(out, text, size);
}

int fl_utf8_from_latin1(struct fl_buf *out, const void *data, size_t size)
{
    const uint8_t *p = data;

    if (size > SIZE_MAX / 2)
        return FLOW_ENOMEM;
    uint8_t *to = fl_buf_reserve(out, 2 * size);
    if (!to)
        return FLOW_ENOMEM;
    size_t got = 0;
    for (size_t i = 0; i < size; i++) {
        if (p[i] >= 0x80) {
            to[got++] = (uint8_t)(0xc0 | p[i] >> 6);
            to[got++] = (uint8_t)(0x80 | (p[i] & 0x3f));
        } else {
            to[got++] = p[i];
        }
    }
    out->size += got;
    return FLOW_OK;
}

static int append_utf16be(struct fl_buf *out, uint32_t c)
{
    if (c > 0xffff)
        return fl_buf_be32(out, (0xd800 + ((c - 0x10000) >> 10)) << 16 |
                                    (0xdc00 + ((c - 0x10000) & 0x3ff)));
    const uint8_t unit[] = {(uint8_t)(c >> 8), (uint8_t)c};
    return fl_buf_append(out, unit, sizeof unit);
}

int fl_utf8_to_utf16be(struct fl_buf *out, const void *data, size_t size)
{
    const uint8_t *p = data;
    uint32_t c;
    int rc = FLOW_OK;

    for (size_t at = 0; at < size && !rc;) {
        size_t step = fl_utf8_decode(p + at, size - at, &c);
        if (step == 0)
            return FLOW_EINVAL;
        at += step;
        rc = append_utf16be(out, c);
    }
    return rc;
}
