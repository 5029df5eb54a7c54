/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Findings, sorted by place.  Everybody who finds something adds it in whatever order is natural
 * to him; only the finished report is put in the order in which a reader walks through his files.
 */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "config/report.h"

void fl_report_init(struct flow_report *report, const flow_allocator *mem)
{
    report->mem = mem;
    fl_vec_init(&report->findings, mem, sizeof(struct fl_finding));
}

void fl_report_clear(struct flow_report *report)
{
    for (size_t i = 0; i < report->findings.count; i++) {
        struct fl_finding *one = fl_vec_at(&report->findings, i);
        fl_free(report->mem, one->texts);
    }
    fl_vec_free(&report->findings);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* Repetitions come in a row: two readers of one value, or a key that is looked at twice. */
static int is_repetition(const struct flow_report *report, const flow_diagnostic *found)
{
    size_t count = report->findings.count;

    for (size_t i = count > 16 ? count - 16 : 0; i < count; i++) {
        const flow_diagnostic *old = &((struct fl_finding *)fl_vec_at(&report->findings, i))->at;
        if (old->line == found->line && old->column == found->column &&
            old->severity == found->severity && strcmp(old->file, or_empty(found->file)) == 0 &&
            strcmp(old->key, or_empty(found->key)) == 0 &&
            strcmp(old->message, or_empty(found->message)) == 0)
            return 1;
    }
    return 0;
}

/* Copies the texts of FOUND behind one another, in one allocation, and lets ONE point to them. */
static int copy_texts(struct flow_report *report, struct fl_finding *one,
                      const flow_diagnostic *found)
{
    const char *from[] = {found->file, found->component, found->key, found->message, found->hint};
    const char **to[] = {&one->at.file, &one->at.component, &one->at.key, &one->at.message,
                         &one->at.hint};
    size_t size = 0;

    for (size_t i = 0; i < 5; i++)
        size += strlen(or_empty(from[i])) + 1;
    one->texts = fl_alloc(report->mem, size);
    if (!one->texts)
        return FLOW_ENOMEM;
    char *at = one->texts;
    for (size_t i = 0; i < 5; i++) {
        size_t length = strlen(or_empty(from[i])) + 1;
        memcpy(at, or_empty(from[i]), length);
        *to[i] = at;
        at += length;
    }
    return FLOW_OK;
}

int fl_report_add(struct flow_report *report, const flow_diagnostic *found)
{
    struct fl_finding one = {.at = *found, .order = report->findings.count};

    if (is_repetition(report, found))
        return FLOW_OK;
    one.at.struct_size = sizeof one.at;
    if (copy_texts(report, &one, found))
        return FLOW_ENOMEM;
    if (!fl_vec_push(&report->findings, &one)) {
        fl_free(report->mem, one.texts);
        return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

int fl_report_addf(struct flow_report *report, const flow_diagnostic *found, const char *format,
                   ...)
{
    flow_diagnostic full = *found;
    struct fl_buf text;
    va_list args;

    fl_buf_init(&text, report->mem);
    va_start(args, format);
    int rc = fl_buf_vprintf(&text, format, args);
    va_end(args);
    full.message = !rc ? fl_buf_cstr(&text) : NULL;
    rc = full.message ? fl_report_add(report, &full) : FLOW_ENOMEM;
    fl_buf_free(&text);
    return rc;
}

int fl_report_merge(struct flow_report *report, const struct flow_report *from)
{
    for (size_t i = 0; i < from->findings.count; i++) {
        const struct fl_finding *one = fl_vec_at(&from->findings, i);
        if (fl_report_add(report, &one->at))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Total, so that the order does not depend on the C library's sort. */
static int compare(const void *left, const void *right)
{
    const struct fl_finding *a = left;
    const struct fl_finding *b = right;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    if (a->at.column != b->at.column)
        return a->at.column < b->at.column ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* What has no file comes first: it concerns the whole, or was set by a call. */
static size_t rank_of(const char *file, const struct fl_vec *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(*(char **)fl_vec_at(files, i), file) == 0)
            return i + 1;
    return 0;
}

void fl_report_sort(struct flow_report *report, const struct fl_vec *files)
{
    for (size_t i = 0; i < report->findings.count; i++) {
        struct fl_finding *one = fl_vec_at(&report->findings, i);
        one->rank = rank_of(one->at.file, files);
        one->order = i;
    }
    fl_vec_sort(&report->findings, compare);
}

const flow_diagnostic *fl_report_first_error(const struct flow_report *report, size_t start)
{
    for (size_t i = start; i < report->findings.count; i++) {
        const struct fl_finding *one = fl_vec_at(&report->findings, i);
        if (one->at.severity == FLOW_SEVERITY_ERROR)
            return &one->at;
    }
    return NULL;
}

/* The hint goes into the message, as an error has no place of its own for it. */
int fl_report_error(const flow_diagnostic *found, int code, flow_error **err)
{
    const char *gap = found->hint[0] != '\0' ? "; " : "";

    flow_error_setf(err, code, "%s%s%s", found->message, gap, found->hint);
    flow_error_locate(err, found->component, found->key, found->file, found->line, found->column);
    return code;
}

size_t flow_report_count(const flow_report *report, int32_t severity)
{
    size_t count = 0;

    for (size_t i = 0; report && i < report->findings.count; i++) {
        const struct fl_finding *one = fl_vec_at(&report->findings, i);
        count += severity == 0 || one->at.severity == severity;
    }
    return count;
}

int flow_report_get(const flow_report *report, size_t index, flow_diagnostic *diagnostic)
{
    if (!report || !diagnostic || diagnostic->struct_size < sizeof(uint32_t))
        return FLOW_EINVAL;
    if (index >= report->findings.count)
        return FLOW_ENOENT;
    /* An older caller has a shorter struct; a newer one finds its further members untouched. */
    flow_diagnostic one = ((struct fl_finding *)fl_vec_at(&report->findings, index))->at;
    one.struct_size = diagnostic->struct_size;
    memcpy(diagnostic, &one, one.struct_size < sizeof one ? one.struct_size : sizeof one);
    return FLOW_OK;
}

void flow_report_free(flow_report *report)
{
    if (report) {
        fl_report_clear(report);
        fl_free(report->mem, report);
    }
}
