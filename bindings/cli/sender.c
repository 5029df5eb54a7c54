/* SPDX-License-Identifier: Apache-2.0 */

#include "sender.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)64 * 1024)

/* A text that is being cut into lines, which end in "\n", "\r" or "\r\n". */
struct lines {
    char *data;
    size_t size;
    size_t room;
    int after_return; /* a "\n" that comes next belongs to the line before */
};

int sender_init(struct sender *sender, flow_library *lib, flow_client *client,
                const struct text_list *headers, flow_error **err)
{
    *sender = (struct sender){
        .client = client,
        .batch_size = flow_client_batch_size(client),
        .header_count = headers->count / 2,
    };
    sender->headers = text_room((sender->header_count + 1) * sizeof *sender->headers);
    for (size_t i = 0; i < sender->header_count; i++) {
        const char *name = headers->items[2 * i];
        const char *value = headers->items[2 * i + 1];
        sender->headers[i] =
            (flow_header){name, value, (uint32_t)strlen(name), (uint32_t)strlen(value)};
    }
    return flow_batch_new(lib, &sender->batch, err);
}

void sender_free(struct sender *sender)
{
    flow_batch_free(sender->batch);
    free(sender->headers);
}

static int send_batch(struct sender *sender, flow_error **err)
{
    size_t acknowledged;

    if (flow_batch_count(sender->batch) == 0)
        return FLOW_OK;
    int rc = flow_client_append_batch(sender->client, sender->batch, &acknowledged, err);
    sender->sent += acknowledged;
    flow_batch_clear(sender->batch);
    progress_show(&sender->progress, sender->sent);
    return rc;
}

static int add_line(struct sender *sender, const char *line, size_t size, flow_error **err)
{
    int rc = flow_batch_add_full(sender->batch, line, size, sender->headers, sender->header_count,
                                 sizeof *sender->headers, err);

    if (rc == FLOW_OK && flow_batch_count(sender->batch) >= sender->batch_size)
        rc = send_batch(sender, err);
    return rc;
}

/* Adds the lines that are whole, and keeps the beginning of the next. */
static int add_lines(struct sender *sender, struct lines *text, flow_error **err)
{
    size_t start = 0;
    int rc = FLOW_OK;

    for (size_t at = 0; at < text->size && rc == FLOW_OK; at++) {
        char c = text->data[at];
        if (c == '\n' && text->after_return && at == start) {
            start = at + 1;
        } else if (c == '\n' || c == '\r') {
            rc = add_line(sender, text->data + start, at - start, err);
            start = at + 1;
        } else {
            text->after_return = 0;
            continue;
        }
        text->after_return = c == '\r';
    }
    text->size -= start;
    memmove(text->data, text->data + start, text->size);
    return rc;
}

static int has_more(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    return poll(&wanted, 1, 0) != 0;
}

static ssize_t read_more(struct sender *sender, struct lines *text, int fd)
{
    ssize_t size;

    if (text->room - text->size < READ_SIZE) {
        text->room = 2 * text->room + READ_SIZE;
        text->data = text_more(text->data, text->room, 1);
    }
    do
        size = read(fd, text->data + text->size, text->room - text->size);
    while (size < 0 && errno == EINTR);
    if (size > 0) {
        text->size += (size_t)size;
        sender->progress.done += (uint64_t)size;
    }
    return size;
}

static int send_text(struct sender *sender, struct lines *text, int fd, flow_error **err)
{
    ssize_t size = 1;
    int rc = FLOW_OK;

    while (rc == FLOW_OK && size > 0) {
        if (!has_more(fd))
            rc = send_batch(sender, err);
        if (rc == FLOW_OK && (size = read_more(sender, text, fd)) > 0)
            rc = add_lines(sender, text, err);
    }
    if (rc == FLOW_OK && size < 0)
        return flow_error_setf(err, FLOW_EIO, "cannot read: %s", strerror(errno));
    if (rc == FLOW_OK && text->size > 0)
        rc = add_line(sender, text->data, text->size, err);
    return rc == FLOW_OK ? send_batch(sender, err) : rc;
}

int sender_lines(struct sender *sender, int fd, flow_error **err)
{
    struct lines text = {0};
    int rc = send_text(sender, &text, fd, err);

    free(text.data);
    return rc;
}
