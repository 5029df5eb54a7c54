/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Patterns at work.  Text that is not valid UTF-8 is matched as Java would see it, every broken
 * sequence as U+FFFD, and what is found is told in terms of the bytes that were given.
 *
 * A pattern is compiled twice, once for a match of the whole text: PCRE2 runs its machine code
 * only for the options of compiling, not for those of matching.
 */

#include "base/regex.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/error.h"
#include "base/regex_java.h"
#include "base/utf8.h"

#define LONGEST_PATTERN 65536

/* Some tenths of a second of hopeless backtracking, and 16 MiB. */
#define MOST_STEPS 2000000
#define MOST_HEAP_KIB 16384

struct fl_regex {
    const flow_allocator *mem;
    pcre2_general_context *general;
    pcre2_match_context *limits;
    pcre2_code *find;
    pcre2_code *whole;
};

/* What a match works on: the text itself, or a copy that was mended. */
struct subject {
    const char *text;
    size_t size;
    struct fl_buf mended;
};

static void *pcre_alloc(size_t size, void *mem)
{
    return fl_alloc(mem, size);
}

static void pcre_free(void *data, void *mem)
{
    fl_free(mem, data);
}

/* Where in the pattern what stands at OUT of its translation came from. */
static size_t origin_of(const struct fl_vec *origins, size_t out)
{
    size_t in = 0;

    for (size_t i = 0; i < origins->count; i++) {
        const struct fl_java_origin *origin = fl_vec_at(origins, i);
        if (origin->out > out)
            break;
        in = origin->in;
    }
    return in;
}

static int compile(const struct fl_regex *regex, const char *text, size_t size, pcre2_code **code,
                   size_t *offset, int *number)
{
    pcre2_compile_context *context = pcre2_compile_context_create(regex->general);

    if (!context)
        return FLOW_ENOMEM;
    *code = pcre2_compile((PCRE2_SPTR)text, size, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, number,
                          offset, context);
    pcre2_compile_context_free(context);
    if (!*code)
        return *number == PCRE2_ERROR_HEAP_FAILED ? FLOW_ENOMEM : FLOW_EPARSE;
    /* Without machine code, where the system forbids making it, matching is only slower. */
    (void)pcre2_jit_compile(*code, PCRE2_JIT_COMPLETE);
    return FLOW_OK;
}

static int refuse(const char *pattern, size_t offset, int number, flow_error **err)
{
    char why[160] = "";

    (void)pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof why);
    return flow_error_setf(err, FLOW_EPARSE, "in the pattern '%.200s', at offset %zu: %s", pattern,
                           offset, why);
}

/* Compiles TEXT, the translation of PATTERN, both ways. */
static int compile_both(struct fl_regex *regex, struct fl_buf *text, const char *pattern,
                        const struct fl_vec *origins, flow_error **err)
{
    struct fl_buf whole;
    size_t offset = 0;
    int number = 0;

    fl_buf_init(&whole, regex->mem);
    int rc = fl_buf_cstr(text) == NULL ? FLOW_ENOMEM : FLOW_OK;
    if (rc == FLOW_OK)
        rc = compile(regex, (const char *)text->data, text->size, &regex->find, &offset, &number);
    if (rc == FLOW_EPARSE) {
        rc = refuse(pattern, origin_of(origins, offset), number, err);
        goto done;
    }
    if (rc == FLOW_OK)
        rc = fl_buf_printf(&whole, "\\A(?:%s)\\z", (const char *)text->data);
    if (rc == FLOW_OK)
        rc = compile(regex, (const char *)whole.data, whole.size, &regex->whole, &offset, &number);
    if (rc == FLOW_EPARSE)
        rc = refuse(pattern, 0, number, err);
    else if (rc != FLOW_OK)
        rc = fl_error_nomem(err);
done:
    fl_buf_free(&whole);
    return rc;
}

static int build(struct fl_regex *regex, const char *pattern, flow_error **err)
{
    struct fl_buf text;
    struct fl_vec origins;
    size_t size = strlen(pattern);

    if (size > LONGEST_PATTERN)
        return flow_error_setf(err, FLOW_EPARSE, "a pattern of more than %d bytes",
                               LONGEST_PATTERN);
    size_t valid = fl_utf8_valid(pattern, size);
    if (valid < size)
        return flow_error_setf(err, FLOW_EPARSE, "at offset %zu of a pattern: not valid UTF-8",
                               valid);
    regex->general = pcre2_general_context_create(pcre_alloc, pcre_free, (void *)regex->mem);
    regex->limits = regex->general ? pcre2_match_context_create(regex->general) : NULL;
    if (!regex->limits)
        return fl_error_nomem(err);
    pcre2_set_match_limit(regex->limits, MOST_STEPS);
    pcre2_set_heap_limit(regex->limits, MOST_HEAP_KIB);

    fl_buf_init(&text, regex->mem);
    fl_vec_init(&origins, regex->mem, sizeof(struct fl_java_origin));
    int rc = fl_java_translate(pattern, size, &text, &origins, err);
    if (rc == FLOW_OK)
        rc = compile_both(regex, &text, pattern, &origins, err);
    fl_vec_free(&origins);
    fl_buf_free(&text);
    return rc;
}

int fl_regex_new(const flow_allocator *mem, const char *pattern, struct fl_regex **out,
                 flow_error **err)
{
    struct fl_regex *regex = fl_zalloc(mem, sizeof *regex);

    *out = NULL;
    if (!regex)
        return fl_error_nomem(err);
    regex->mem = mem;
    int rc = build(regex, pattern, err);
    if (rc != FLOW_OK) {
        fl_regex_free(regex);
        return rc;
    }
    *out = regex;
    return FLOW_OK;
}

void fl_regex_free(struct fl_regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->find);
    pcre2_code_free(regex->whole);
    pcre2_match_context_free(regex->limits);
    pcre2_general_context_free(regex->general);
    fl_free(regex->mem, regex);
}

/* Makes SUBJECT of TEXT, with U+FFFD for what is not valid in it. */
static int subject_init(struct subject *subject, const flow_allocator *mem, const char *text,
                        size_t size)
{
    size_t at = fl_utf8_valid(text, size);
    int cut;

    *subject = (struct subject){.text = size > 0 ? text : "", .size = size};
    fl_buf_init(&subject->mended, mem);
    if (at == size)
        return FLOW_OK;
    int rc = fl_buf_append(&subject->mended, text, at);
    while (rc == FLOW_OK && at < size) {
        at += fl_utf8_broken(text + at, size - at, &cut);
        rc = fl_utf8_append(&subject->mended, FL_UTF8_REPLACEMENT);
        size_t good = fl_utf8_valid(text + at, size - at);
        rc = rc == FLOW_OK ? fl_buf_append(&subject->mended, text + at, good) : rc;
        at += good;
    }
    subject->text = (const char *)subject->mended.data;
    subject->size = subject->mended.size;
    return rc;
}

/* Where in TEXT the byte is that stands at OFFSET of its mended copy. */
static size_t offset_given(const char *text, size_t size, size_t offset)
{
    size_t at = 0;
    size_t mended = 0;
    int cut;

    for (;;) {
        size_t good = fl_utf8_valid(text + at, size - at);
        if (offset <= mended + good)
            return at + (offset - mended);
        at += good;
        mended += good + 3;
        at += fl_utf8_broken(text + at, size - at, &cut);
    }
}

static int match(const struct fl_regex *regex, const pcre2_code *code,
                 const struct subject *subject, pcre2_match_data *data)
{
    PCRE2_SPTR text = (PCRE2_SPTR)subject->text;
    int rc = pcre2_match(code, text, subject->size, 0, PCRE2_NO_UTF_CHECK, data, regex->limits);

    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
        /* The interpreter keeps its frames on the heap and goes deeper. */
        rc = pcre2_match(code, text, subject->size, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data,
                         regex->limits);
    }
    if (rc >= 0)
        return 1;
    return rc == PCRE2_ERROR_NOMATCH ? 0 : rc == PCRE2_ERROR_NOMEMORY ? FLOW_ENOMEM : FLOW_ETOOBIG;
}

int fl_regex_matches(const struct fl_regex *regex, const char *text, size_t size)
{
    struct subject subject;
    pcre2_match_data *data = pcre2_match_data_create(1, regex->general);
    int rc = data == NULL ? FLOW_ENOMEM : subject_init(&subject, regex->mem, text, size);

    if (!data)
        return rc;
    if (rc == FLOW_OK)
        rc = match(regex, regex->whole, &subject, data);
    fl_buf_free(&subject.mended);
    pcre2_match_data_free(data);
    return rc;
}

/* Stores the COUNT spans of DATA in terms of TEXT. */
static void spans_store(pcre2_match_data *data, const struct subject *subject, const char *text,
                        size_t size, size_t *spans, size_t count)
{
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(data);
    size_t got = pcre2_get_ovector_count(data);

    for (size_t i = 0; i < 2 * count; i++) {
        size_t at = i < 2 * got ? found[i] : PCRE2_UNSET;
        int mended = at != PCRE2_UNSET && subject->text != text && size > 0;
        spans[i] = at == PCRE2_UNSET ? SIZE_MAX : mended ? offset_given(text, size, at) : at;
    }
}

int fl_regex_find(const struct fl_regex *regex, const char *text, size_t size, size_t *spans,
                  size_t count)
{
    struct subject subject;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex->find, regex->general);

    if (!data)
        return FLOW_ENOMEM;
    int rc = subject_init(&subject, regex->mem, text, size);
    if (rc == FLOW_OK)
        rc = match(regex, regex->find, &subject, data);
    if (rc == 1)
        spans_store(data, &subject, text, size, spans, count);
    fl_buf_free(&subject.mended);
    pcre2_match_data_free(data);
    return rc;
}
