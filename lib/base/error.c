/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Faults.  An object holds its parts and the whole message made of them; the message is made anew
 * whenever a part is added, so that reading one never allocates.  Errors come from malloc, not from
 * a library's allocator: they may outlive the library.
 *
 * A message reads
 *
 *     FILE:LINE:COLUMN: COMPONENT: KEY: TEXT; caused by COMPONENT: TEXT; caused by ...
 *
 * where a part that is missing, or the same as in the fault before, is left out.
 */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"

struct flow_error {
    int code;
    int retriable;
    uint32_t line;
    uint32_t column;
    const char *file; /* texts are NULL where there is none */
    const char *component;
    const char *key;
    const char *text;
    const char *message;
    flow_error *cause;
};

/* What stands for every fault that could not be described.  Never written to. */
static const flow_error out_of_memory = {
    .code = FLOW_ENOMEM,
    .retriable = 1,
    .text = "out of memory",
    .message = "out of memory",
};

static flow_error *constant(void)
{
    return (flow_error *)&out_of_memory;
}

static void release(const char *text)
{
    fl_free(NULL, (void *)text);
}

static int differ(const char *a, const char *b)
{
    return !b || strcmp(a, b) != 0;
}

static int add_place(struct fl_buf *buf, const flow_error *err)
{
    int rc = fl_buf_text(buf, err->file);

    if (!rc && err->line)
        rc = fl_buf_printf(buf, ":%u", (unsigned)err->line);
    if (!rc && err->line && err->column)
        rc = fl_buf_printf(buf, ":%u", (unsigned)err->column);
    return rc ? rc : fl_buf_text(buf, ": ");
}

static int same_place(const flow_error *a, const flow_error *b)
{
    return b->file && !strcmp(a->file, b->file) && a->line == b->line && a->column == b->column;
}

/* Adds one fault of a chain to BUF; BEFORE is the one it caused, or NULL. */
static int add_fault(struct fl_buf *buf, const flow_error *err, const flow_error *before)
{
    static const flow_error nothing = {.code = FLOW_OK};
    int rc = before ? fl_buf_text(buf, "; caused by ") : FLOW_OK;

    if (!before)
        before = &nothing;
    if (!rc && err->file && !same_place(err, before))
        rc = add_place(buf, err);
    if (!rc && err->component && differ(err->component, before->component))
        rc = fl_buf_printf(buf, "%s: ", err->component);
    if (!rc && err->key && differ(err->key, before->key))
        rc = fl_buf_printf(buf, "%s: ", err->key);
    return rc ? rc : fl_buf_text(buf, err->text ? err->text : "");
}

/* The message of ERR, which the caller frees; NULL without memory. */
static char *compose(const flow_error *err)
{
    struct fl_buf buf;
    const flow_error *before = NULL;
    int rc = FLOW_OK;

    fl_buf_init(&buf, NULL);
    for (; err && !rc; err = err->cause) {
        rc = add_fault(&buf, err, before);
        before = err;
    }
    char *message = rc ? NULL : fl_buf_detach(&buf);
    fl_buf_free(&buf);
    return message;
}

/* Whether what CODE stands for may pass by itself. */
static int passes(int code)
{
    return code == FLOW_EFULL || code == FLOW_ETIMEDOUT || code == FLOW_ENOMEM;
}

/* Takes TEXT, which may be NULL for lack of memory. */
static flow_error *make(int code, const char *text, flow_error *cause)
{
    flow_error *err = text ? fl_zalloc(NULL, sizeof *err) : NULL;

    if (err) {
        err->code = code;
        err->retriable = passes(code);
        err->text = text;
        err->cause = cause;
        err->message = compose(err);
    }
    if (!err || !err->message) {
        release(text);
        fl_free(NULL, err);
        flow_error_free(cause);
        return constant();
    }
    return err;
}

int flow_error_set(flow_error **err, int code, const char *text)
{
    if (err)
        *err = make(code, fl_strdup(NULL, text ? text : flow_error_name(code)), *err);
    return code;
}

int flow_error_setf(flow_error **err, int code, const char *format, ...)
{
    struct fl_buf buf;
    va_list args;

    if (!err)
        return code;
    fl_buf_init(&buf, NULL);
    va_start(args, format);
    int rc = fl_buf_vprintf(&buf, format, args);
    va_end(args);
    *err = make(code, rc ? NULL : fl_buf_detach(&buf), *err);
    fl_buf_free(&buf);
    return code;
}

/* Points *PART to a copy of TEXT, unless that is NULL or empty. */
static int replace(const char **part, const char *text)
{
    if (!text || !*text)
        return FLOW_OK;

    char *copy = fl_strdup(NULL, text);
    if (!copy)
        return FLOW_ENOMEM;
    *part = copy;
    return FLOW_OK;
}

/* Frees those texts of ERR that are not OTHER's as well. */
static void release_own(const flow_error *err, const flow_error *other)
{
    if (err->file != other->file)
        release(err->file);
    if (err->component != other->component)
        release(err->component);
    if (err->key != other->key)
        release(err->key);
    if (err->message != other->message)
        release(err->message);
}

void flow_error_locate(flow_error **err, const char *component, const char *key, const char *file,
                       uint32_t line, uint32_t column)
{
    if (!err || !*err || *err == constant())
        return;

    /* All of it or, without memory, nothing. */
    flow_error next = **err;
    int rc = replace(&next.component, component);
    if (!rc)
        rc = replace(&next.key, key);
    if (!rc)
        rc = replace(&next.file, file);
    next.line = line ? line : next.line;
    next.column = column ? column : next.column;
    const char *message = rc ? NULL : compose(&next);
    if (!message) {
        release_own(&next, *err);
        return;
    }
    next.message = message;
    release_own(*err, &next);
    **err = next;
}

void flow_error_set_retriable(flow_error **err, int retriable)
{
    if (err && *err && *err != constant())
        (*err)->retriable = retriable != 0;
}

void flow_error_free(flow_error *err)
{
    while (err && err != constant()) {
        flow_error *cause = err->cause;
        release(err->file);
        release(err->component);
        release(err->key);
        release(err->text);
        release(err->message);
        fl_free(NULL, err);
        err = cause;
    }
}

int flow_error_code(const flow_error *err)
{
    return err ? err->code : FLOW_OK;
}

const char *flow_error_message(const flow_error *err)
{
    return err ? err->message : "no error";
}

const char *fl_error_text(const flow_error *err)
{
    return err ? err->text : "";
}

const char *flow_error_component(const flow_error *err)
{
    return err && err->component ? err->component : "";
}

const char *flow_error_key(const flow_error *err)
{
    return err && err->key ? err->key : "";
}

const char *flow_error_place(const flow_error *err, uint32_t *line, uint32_t *column)
{
    if (line)
        *line = err ? err->line : 0;
    if (column)
        *column = err ? err->column : 0;
    return err && err->file ? err->file : "";
}

int flow_error_retriable(const flow_error *err)
{
    return err && err->retriable;
}

const flow_error *flow_error_cause(const flow_error *err)
{
    return err ? err->cause : NULL;
}

const char *flow_error_name(int code)
{
    switch (code) {
    case FLOW_OK: return "FLOW_OK";
    case FLOW_ENOMEM: return "FLOW_ENOMEM";
    case FLOW_EINVAL: return "FLOW_EINVAL";
    case FLOW_ESTATE: return "FLOW_ESTATE";
    case FLOW_EFULL: return "FLOW_EFULL";
    case FLOW_ETIMEDOUT: return "FLOW_ETIMEDOUT";
    case FLOW_ECLOSED: return "FLOW_ECLOSED";
    case FLOW_EFORKED: return "FLOW_EFORKED";
    case FLOW_EABI: return "FLOW_EABI";
    case FLOW_EEXIST: return "FLOW_EEXIST";
    case FLOW_ENOENT: return "FLOW_ENOENT";
    case FLOW_ECONFIG: return "FLOW_ECONFIG";
    case FLOW_EPARSE: return "FLOW_EPARSE";
    case FLOW_EIO: return "FLOW_EIO";
    case FLOW_EDELIVERY: return "FLOW_EDELIVERY";
    case FLOW_EPLUGIN: return "FLOW_EPLUGIN";
    case FLOW_ECALLBACK: return "FLOW_ECALLBACK";
    case FLOW_ETOOBIG: return "FLOW_ETOOBIG";
    default: return "FLOW_E?";
    }
}

int fl_error_nomem(flow_error **err)
{
    if (err) {
        flow_error_free(*err);
        *err = constant();
    }
    return FLOW_ENOMEM;
}

/* One fault without its causes; the constant object without memory. */
static flow_error *copy_one(const flow_error *err)
{
    flow_error *copy = fl_zalloc(NULL, sizeof *copy);

    if (!copy)
        return constant();
    copy->code = err->code;
    copy->retriable = err->retriable;
    copy->line = err->line;
    copy->column = err->column;
    if (replace(&copy->file, err->file) || replace(&copy->component, err->component) ||
        replace(&copy->key, err->key) || replace(&copy->text, err->text) ||
        replace(&copy->message, err->message)) {
        flow_error_free(copy);
        return constant();
    }
    return copy;
}

flow_error *fl_error_copy(const flow_error *err)
{
    flow_error *first = NULL;

    for (flow_error **end = &first; err; err = err->cause) {
        if (err == constant()) {
            *end = constant();
            break;
        }
        *end = copy_one(err);
        if (*end == constant()) {
            *end = NULL;
            flow_error_free(first);
            return constant();
        }
        end = &(*end)->cause;
    }
    return first;
}
