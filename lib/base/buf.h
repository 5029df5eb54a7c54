/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_BUF_H
#define FL_BASE_BUF_H

/* Bytes that grow at their end.  What fails returns FLOW_ENOMEM and leaves the buffer as it was. */

#include <stdarg.h>

#include "base/mem.h"

struct fl_buf {
    const flow_allocator *mem;
    uint8_t *data;
    size_t size;
    size_t capacity;
};

void fl_buf_init(struct fl_buf *buf, const flow_allocator *mem);
void fl_buf_free(struct fl_buf *buf);

/* Empties the buffer, which keeps its memory. */
void fl_buf_clear(struct fl_buf *buf);

/* Makes room for SIZE more bytes and returns where they go; they count once `size` is raised. */
void *fl_buf_reserve(struct fl_buf *buf, size_t size);
int fl_buf_append(struct fl_buf *buf, const void *data, size_t size);
int fl_buf_text(struct fl_buf *buf, const char *text);
int fl_buf_byte(struct fl_buf *buf, uint8_t byte);
int fl_buf_be32(struct fl_buf *buf, uint32_t value);
int fl_buf_be64(struct fl_buf *buf, uint64_t value);
int fl_buf_printf(struct fl_buf *buf, const char *format, ...) FLOW_PRINTF(2, 3);
int fl_buf_vprintf(struct fl_buf *buf, const char *format, va_list args);

/* Drops SIZE bytes at the front. */
void fl_buf_consume(struct fl_buf *buf, size_t size);

/* The bytes as text, with a NUL behind them that does not count; NULL without memory. */
char *fl_buf_cstr(struct fl_buf *buf);

/* Hands the bytes, with a NUL behind them, to the caller, who frees them; NULL without memory. */
char *fl_buf_detach(struct fl_buf *buf);

#endif
