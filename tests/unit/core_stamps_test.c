/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers of events in batches: each event keeps its own, whatever happens to the others. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "numbered.h"
#include "suite.h"

#define EVENTS 60u
#define SEEDS 2000u

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_batch *batch;
    char text[2048];
};

static void set_up(struct fixture *f)
{
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(f->lib, &f->batch, NULL), FLOW_OK);
}

static void tear_down(struct fixture *f)
{
    flow_batch_free(f->batch);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

static void add(struct fixture *f, uint64_t first, size_t count)
{
    for (uint64_t i = first; i < first + count; i++)
        ck_assert_int_eq(flow_batch_add(f->batch, &i, sizeof i, NULL), FLOW_OK);
}

/* Of the last events. */
static int set_span(struct fixture *f, const flow_span *span, size_t size)
{
    return flow_batch_set_spans(f->batch, flow_batch_count(f->batch) - span->count, span, 1, size,
                                NULL);
}

static int set(struct fixture *f, const char *key, uint64_t first, uint32_t count)
{
    const flow_span span = {key, (uint32_t)strlen(key), count, first, 0};

    return set_span(f, &span, sizeof span);
}

/* COUNT events whose bodies are their numbers. */
static void fill(struct fixture *f, const char *key, uint64_t first, uint32_t count)
{
    add(f, first, count);
    ck_assert_int_eq(set(f, key, first, count), FLOW_OK);
}

/* All stamps as one text: "3:key 5+3 ", behind a number of events; '-' for those that are gone, '*'
 * for wholes and '&' for what is joined. */
static const char *stamps_of(struct fixture *f)
{
    static const char *const kinds[] = {"+", "-", "*"};
    const struct fl_stamps *stamps = &f->batch->stamps;
    size_t used = 0;

    f->text[0] = '\0';
    for (size_t i = 0; i < stamps->list.count; i++) {
        const struct fl_stamp *s = fl_stamps_at(stamps, i);
        used += (size_t)snprintf(f->text + used, sizeof f->text - used, "%zu:%.*s %llu%s%u%s ",
                                 s->end, (int)s->key_size, (const char *)fl_stamps_key(stamps, s),
                                 (unsigned long long)s->first, kinds[s->kind], s->count,
                                 s->joined ? "&" : "");
    }
    return f->text;
}

START_TEST(a_span_has_events_that_have_none_so_far)
{
    const flow_span short_of = {"a", 1, 1, 10, 20}, endless = {"a", 1, 1, UINT64_MAX - 1, 0};
    const flow_span late = {"a", 1, 2, 10, 0};
    struct fixture f;

    set_up(&f);
    fill(&f, "a", 10, 3);
    add(&f, 0, 2);
    fill(&f, "b", 10, 1);
    ck_assert_str_eq(stamps_of(&f), "3:a 10+3 5: 0+2 6:b 10+1 ");
    ck_assert_int_eq(set(&f, "a", 20, 1), FLOW_EINVAL);
    ck_assert_int_eq(set(&f, "a", 20, 0), FLOW_OK);
    add(&f, 1, 1);
    ck_assert_int_eq(flow_batch_set_spans(f.batch, 6, &late, 1, sizeof late, NULL), FLOW_EINVAL);
    ck_assert_int_eq(set_span(&f, &short_of, sizeof short_of), FLOW_EINVAL);
    ck_assert_int_eq(set_span(&f, &endless, sizeof endless), FLOW_EINVAL);
    ck_assert_int_eq(set_span(&f, &endless, 8), FLOW_EINVAL);
    flow_batch_clear(f.batch);
    ck_assert_str_eq(stamps_of(&f), "");
    tear_down(&f);
}
END_TEST

START_TEST(spans_are_set_all_or_none)
{
    const flow_span spans[] = {{"long", 4, 2, 1, 0}, {NULL, 0, 1, 0, 0}, {"other", 5, 1, 9, 0}};
    int rc = FLOW_ENOMEM;

    for (int64_t grants = 0; rc; grants++) {
        struct fixture f;
        set_up(&f);
        add(&f, 1, 5);
        failing_after(&f.failing, grants);
        rc = flow_batch_set_spans(f.batch, 1, spans, 3, sizeof *spans, NULL);
        failing_after(&f.failing, -1);
        ck_assert_str_eq(stamps_of(&f), rc ? "" : "1: 0+1 3:long 1+2 4: 0+1 5:other 9+1 ");
        ck_assert_int_eq(flow_batch_set_spans(f.batch, 0, spans, 3, 1, NULL), FLOW_EINVAL);
        flow_batch_truncate(f.batch, 0);
        ck_assert_int_eq(flow_batch_set_spans(f.batch, 0, spans, 3, sizeof *spans, NULL),
                         FLOW_EINVAL);
        tear_down(&f);
    }
}
END_TEST

START_TEST(numbers_come_along_with_events_of_another_batch)
{
    struct fixture f, other;

    set_up(&f);
    set_up(&other);
    fill(&other, "b", 1, 2);
    add(&other, 5, 1);
    fill(&other, "c", 7, 1);
    fill(&f, "a", 10, 3);
    add(&f, 0, 1);
    ck_assert_int_eq(flow_batch_append_batch(f.batch, other.batch, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(f.batch), 8);
    ck_assert_str_eq(stamps_of(&f), "3:a 10+3 4: 0+1 6:b 1+2 7: 0+1 8:c 7+1 ");
    ck_assert_int_eq(flow_batch_append_batch(f.batch, f.batch, NULL), FLOW_EINVAL);
    tear_down(&f);
    tear_down(&other);
}
END_TEST

START_TEST(numbers_of_events_that_go_stay)
{
    struct fixture f;

    set_up(&f);
    fill(&f, "a", 10, 5);
    fill(&f, "b", 7, 2);
    flow_batch_filter(f.batch, (const uint8_t[]){1, 0, 0, 1, 1, 0, 0});
    ck_assert_str_eq(stamps_of(&f), "1:a 10+1 1:a 11-2 3:a 13+2 3:b 7-2 ");
    flow_batch_truncate(f.batch, 2);
    ck_assert_str_eq(stamps_of(&f), "1:a 10+1 1:a 11-2 2:a 13+1 2:a 14-1 2:b 7-2 ");
    tear_down(&f);
}
END_TEST

START_TEST(numbers_of_events_that_are_elsewhere_go_along)
{
    static const uint8_t packed[] = {0, 0, 0, 0, 1, 0, 0, 0, 'x', 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t first[] = {1, 0};
    struct fixture f;

    set_up(&f);
    fill(&f, "a", 10, 3);
    flow_batch_filter(f.batch, (const uint8_t[]){1, 0, 1});
    fl_stamps_pick(&f.batch->stamps, first);
    flow_batch_truncate(f.batch, 1);
    ck_assert_str_eq(stamps_of(&f), "1:a 10+1 1:a 11-1 1: 12-1 ");

    flow_batch_clear(f.batch);
    fill(&f, "a", 10, 5);
    ck_assert_int_eq(flow_batch_set_packed(f.batch, packed, sizeof packed, NULL), FLOW_OK);
    fl_stamps_pick(&f.batch->stamps, first);
    flow_batch_truncate(f.batch, 1);
    ck_assert_str_eq(stamps_of(&f), "1: 10*5 ");

    flow_batch_clear(f.batch);
    fill(&f, "a", 10, 2);
    failing_after(&f.failing, 0);
    fl_stamps_pick(&f.batch->stamps, first);
    failing_after(&f.failing, -1);
    flow_batch_truncate(f.batch, 1);
    ck_assert_str_eq(stamps_of(&f), "1: 10*2 ");
    tear_down(&f);
}
END_TEST

START_TEST(events_that_replace_others_stand_together)
{
    static const uint8_t packed[] = {0, 0, 0, 0, 1, 0, 0, 0, 'x', 0, 0, 0, 0, 0, 0, 0, 0};
    struct fixture f;

    set_up(&f);
    fill(&f, "a", 10, 5);
    fill(&f, "b", 7, 2);
    ck_assert_int_eq(flow_batch_set_packed(f.batch, packed, sizeof packed, NULL), FLOW_OK);
    ck_assert_str_eq(stamps_of(&f), "2:a 10*5& 2:b 7*2 ");
    flow_batch_truncate(f.batch, 1);
    ck_assert_str_eq(stamps_of(&f), "1:a 10*5& 1:b 7*2 ");

    flow_batch_clear(f.batch);
    fill(&f, "a", 10, 5);
    add(&f, 1, 1);
    ck_assert_int_eq(flow_batch_set_packed(f.batch, packed, sizeof packed, NULL), FLOW_OK);
    ck_assert_str_eq(stamps_of(&f), "2:a 10*5& ");
    tear_down(&f);
}
END_TEST

START_TEST(without_memory_the_events_of_a_span_stand_together)
{
    struct fixture f;

    set_up(&f);
    fill(&f, "a", 10, 5);
    fill(&f, "b", 7, 2);
    fill(&f, "c", 1, 1);
    failing_after(&f.failing, 0);
    flow_batch_filter(f.batch, (const uint8_t[]){1, 0, 0, 1, 1, 0, 0, 1});
    failing_after(&f.failing, -1);
    ck_assert_str_eq(stamps_of(&f), "3:a 10*5 3:b 7-2 4:c 1+1 ");
    tear_down(&f);
}
END_TEST

/* Each event must have the number that is its body, and each number that was there must be there.
 */
static void check(const flow_batch *batch, uint64_t total)
{
    uint8_t seen[EVENTS] = {0};
    size_t event = 0;

    for (size_t i = 0; i < batch->stamps.list.count; i++) {
        const struct fl_stamp *s = fl_stamps_at(&batch->stamps, i);
        for (uint64_t n = s->first; n < s->first + s->count; n++) {
            ck_assert_int_eq(seen[n]++, 0);
            if (s->kind == FL_STAMP_EACH)
                ck_assert_uint_eq(number_of(flow_batch_event(batch, event++)), n);
        }
        ck_assert_uint_eq(s->end, event);
    }
    ck_assert_uint_eq(event, flow_batch_count(batch));
    for (uint64_t n = 0; n < total; n++)
        ck_assert_int_eq(seen[n], 1);
}

START_TEST(each_event_keeps_its_number)
{
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        unsigned state = seed, total = 0;
        uint8_t keep[EVENTS];
        struct fixture f;

        set_up(&f);
        while (total < EVENTS - 10) {
            unsigned count = (unsigned)rand_r(&state) % 10;
            fill(&f, "k", total, count);
            total += count;
        }
        for (int round = 0; round < 4; round++) {
            for (size_t i = 0; i < EVENTS; i++)
                keep[i] = rand_r(&state) % 4 > 0;
            if (round % 2)
                flow_batch_truncate(f.batch, (size_t)rand_r(&state) % EVENTS);
            else
                flow_batch_filter(f.batch, keep);
            check(f.batch, total);
        }
        tear_down(&f);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_span_has_events_that_have_none_so_far", a_span_has_events_that_have_none_so_far},
        {"spans_are_set_all_or_none", spans_are_set_all_or_none},
        {"numbers_come_along_with_events_of_another_batch",
         numbers_come_along_with_events_of_another_batch},
        {"numbers_of_events_that_go_stay", numbers_of_events_that_go_stay},
        {"numbers_of_events_that_are_elsewhere_go_along",
         numbers_of_events_that_are_elsewhere_go_along},
        {"events_that_replace_others_stand_together", events_that_replace_others_stand_together},
        {"without_memory_the_events_of_a_span_stand_together",
         without_memory_the_events_of_a_span_stand_together},
        {"each_event_keeps_its_number", each_event_keeps_its_number},
    };

    return RUN_SUITE("core_stamps", tests);
}
