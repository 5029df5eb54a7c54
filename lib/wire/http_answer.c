/* SPDX-License-Identifier: Apache-2.0 */

#include "wire/http_request.h"

static const char *reason_of(int status)
{
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 405: return "Method Not Allowed";
    case 411: return "Length Required";
    case 413: return "Payload Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
    }
}

int fl_http_put_answer(struct fl_buf *out, const struct fl_http_answer *answer)
{
    int rc =
        fl_buf_printf(out, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n%s", answer->status,
                      reason_of(answer->status), answer->size, answer->more ? answer->more : "");

    if (!rc && answer->type)
        rc = fl_buf_printf(out, "Content-Type: %s\r\n", answer->type);
    /* HTTP/1.0 has to hear that the connection goes on, 1.1 that it does not. */
    if (!rc)
        rc = fl_buf_printf(out, "Connection: %s\r\n\r\n",
                           answer->keep_alive ? "keep-alive" : "close");
    return rc ? rc : fl_buf_append(out, answer->body, answer->size);
}

int fl_http_put_continue(struct fl_buf *out)
{
    return fl_buf_text(out, "HTTP/1.1 100 Continue\r\n\r\n");
}
