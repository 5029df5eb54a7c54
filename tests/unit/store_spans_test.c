/* SPDX-License-Identifier: Apache-2.0 */

/* What senders have sent: no number is claimed twice, whatever is claimed at once, and what is
 * known after a crash is what was durable, in whatever order the pieces are found. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "store/spans.h"
#include "suite.h"

#define NUMBERS 200u
#define STEPS 80u
#define SEEDS 1000u
#define CLAIMS 3u
#define DAY ((int64_t)24 * 3600 * 1000)

static struct failing failing;

struct fixture {
    struct fl_spans spans;
    struct fl_claim claim;
    uint8_t keep[NUMBERS];
};

static void set_up(struct fixture *f)
{
    failing_init(&failing);
    ck_assert_int_eq(fl_spans_init(&f->spans, &failing.allocator), FLOW_OK);
    fl_claim_init(&f->claim, &failing.allocator);
}

static void tear_down(struct fixture *f)
{
    fl_claim_free(&f->claim);
    fl_spans_free(&f->spans);
    ck_assert_int_eq(failing.live, 0);
}

static flow_span span_of(const char *key, uint64_t first, uint32_t count)
{
    return (flow_span){key, (uint32_t)strlen(key), count, first, 0};
}

/* Puts COUNT numbers, which the claim gets or not, as a text of '+' and '-'. */
static void expect_put_at(struct fixture *f, const flow_span *span, int64_t now, const char *wanted)
{
    ck_assert_int_eq(fl_spans_claim(&f->spans, span, 1, now, &f->claim, f->keep), FLOW_OK);
    for (uint32_t i = 0; i < span->count; i++)
        ck_assert_msg((wanted[i] == '+') == f->keep[i], "number %u of %s", i, wanted);
    fl_spans_land(&f->spans, &f->claim, 1);
}

static void expect_put(struct fixture *f, const char *key, uint64_t first, const char *wanted)
{
    const flow_span span = span_of(key, first, (uint32_t)strlen(wanted));

    expect_put_at(f, &span, 1, wanted);
}

START_TEST(only_what_is_not_there_is_claimed)
{
    struct fixture f;

    set_up(&f);
    expect_put(&f, "a", 10, "++++");
    expect_put(&f, "a", 8, "++----++");
    expect_put(&f, "a", 8, "--------");
    expect_put(&f, "b", 8, "++++++++");
    expect_put(&f, "a", 30, "++");
    expect_put(&f, "a", 14, "--++++++++++++++--");
    tear_down(&f);
}
END_TEST

START_TEST(the_same_twice_in_one_claim_counts_once)
{
    const flow_span both[] = {span_of("a", 5, 4), span_of("b", 5, 2), span_of("a", 7, 4)};
    static const uint8_t wanted[] = {1, 1, 1, 1, 1, 1, 0, 0, 1, 1};
    struct fixture f;

    set_up(&f);
    ck_assert_int_eq(fl_spans_claim(&f.spans, both, 3, 1, &f.claim, f.keep), FLOW_OK);
    ck_assert_mem_eq(f.keep, wanted, sizeof wanted);
    fl_spans_land(&f.spans, &f.claim, 1);
    expect_put(&f, "a", 4, "+------+");
    tear_down(&f);
}
END_TEST

START_TEST(what_somebody_is_about_to_put_has_to_be_awaited)
{
    const flow_span first = span_of("a", 5, 4), second[] = {span_of("b", 1, 1), span_of("a", 8, 2)};
    struct fl_claim other;
    struct fixture f;

    set_up(&f);
    fl_claim_init(&other, &failing.allocator);
    ck_assert_int_eq(fl_spans_claim(&f.spans, &first, 1, 1, &other, f.keep), FLOW_OK);
    ck_assert_int_eq(fl_spans_claim(&f.spans, second, 2, 1, &f.claim, f.keep), FLOW_EFULL);
    ck_assert_uint_eq(f.claim.parts.count, 0);
    fl_spans_land(&f.spans, &other, 0);
    ck_assert_int_eq(fl_spans_claim(&f.spans, second, 2, 1, &f.claim, f.keep), FLOW_OK);
    ck_assert(f.keep[0] && f.keep[1] && f.keep[2]);
    fl_spans_land(&f.spans, &f.claim, 1);
    expect_put(&f, "a", 5, "+++--+");
    fl_claim_free(&other);
    tear_down(&f);
}
END_TEST

static int count_ranges(void *arg, const struct fl_sender_info *info)
{
    *(size_t *)arg += info->had->list.count;
    return FLOW_OK;
}

static size_t ranges_of(struct fixture *f)
{
    size_t count = 0;

    ck_assert_int_eq(fl_spans_each(&f->spans, count_ranges, &count), FLOW_OK);
    return count;
}

START_TEST(a_horizon_closes_holes)
{
    flow_span span = span_of("a", 0, 1);
    struct fixture f;

    set_up(&f);
    for (span.first = 0; span.first < 100; span.first += 2)
        expect_put_at(&f, &span, 1, "+");
    ck_assert_uint_eq(ranges_of(&f), 50);
    span.horizon = 90;
    expect_put_at(&f, &span, 1, "+");
    ck_assert_uint_eq(ranges_of(&f), 6); /* below 91, then 92, 94, 96, 98, 100 */
    expect_put(&f, "a", 80, "-----------+-+");

    /* Alone it is not worth a frame. */
    span = (flow_span){"a", 1, 0, 0, 100};
    ck_assert_int_eq(fl_spans_claim(&f.spans, &span, 1, 1, &f.claim, f.keep), FLOW_OK);
    ck_assert_uint_eq(f.claim.records.size, 0);
    ck_assert_uint_eq(f.claim.parts.count, 0);
    tear_down(&f);
}
END_TEST

START_TEST(senders_that_are_gone_are_forgotten)
{
    const flow_span closes[] = {{"old", 3, 0, 0, FLOW_SPAN_CLOSED}, {"new", 3, 1, 0, 0}};
    const flow_span next = span_of("new", 1, 1);
    struct fixture f;

    set_up(&f);
    expect_put(&f, "old", 0, "++");
    expect_put(&f, "lost", 0, "++");
    ck_assert_int_eq(fl_spans_claim(&f.spans, closes, 2, DAY, &f.claim, f.keep), FLOW_OK);
    fl_spans_land(&f.spans, &f.claim, 1);
    ck_assert_uint_eq(ranges_of(&f), 3);
    ck_assert_uint_eq(fl_spans_expire(&f.spans, DAY + 1000), 0);
    ck_assert_uint_eq(ranges_of(&f), 3);
    ck_assert_uint_eq(fl_spans_expire(&f.spans, DAY + FL_SPANS_CLOSED_MS + 1), 0);
    ck_assert_uint_eq(ranges_of(&f), 2);
    expect_put_at(&f, &next, 20 * DAY, "+");
    ck_assert_uint_eq(fl_spans_expire(&f.spans, 40 * DAY), 1);
    ck_assert_uint_eq(ranges_of(&f), 1);
    tear_down(&f);
}
END_TEST

START_TEST(there_are_not_too_many_senders_nor_ranges)
{
    char key[16];
    flow_span span = span_of("a", 0, 1);
    struct fixture f;

    set_up(&f);
    for (unsigned i = 0; i < FL_SPANS_MOST + FL_SPANS_MOST / 4; i++) {
        snprintf(key, sizeof key, "%u", i);
        const flow_span one = span_of(key, 0, 1);
        expect_put_at(&f, &one, i, "+");
    }
    ck_assert_uint_le(f.spans.count, FL_SPANS_MOST + FL_SPANS_MOST / 8 + 1);
    ck_assert_uint_gt(fl_spans_expire(&f.spans, FL_SPANS_MOST), FL_SPANS_MOST / 8);
    ck_assert_uint_eq(f.spans.count, FL_SPANS_MOST);
    expect_put(&f, key, 0, "-"); /* the latest are there */

    for (span.first = 1; span.first < 2 * FL_SPANS_RANGES + 20; span.first += 2)
        expect_put_at(&f, &span, FL_SPANS_MOST, "+");
    ck_assert_uint_gt(fl_spans_expire(&f.spans, FL_SPANS_MOST), 0);
    ck_assert_uint_le(ranges_of(&f), FL_SPANS_RANGES + FL_SPANS_MOST);
    expect_put(&f, "a", span.first - 2, "-");
    expect_put(&f, "a", 1, "+");
    tear_down(&f);
}
END_TEST

/* ---- a store that crashes ---- */

struct frame {
    uint8_t data[1024];
    size_t size;
};

struct model {
    struct fixture f;
    struct fl_claim claims[CLAIMS];
    uint8_t held[CLAIMS][NUMBERS]; /* by each */
    uint8_t had[NUMBERS];
    struct frame frames[STEPS], state;
    size_t frame_count, state_from;
    unsigned seed;
};

static unsigned pick(struct model *m, unsigned limit)
{
    return (unsigned)rand_r(&m->seed) / 7 % limit;
}

static void model_claim(struct model *m, struct fl_claim *claim, uint8_t *held)
{
    uint64_t first = pick(m, NUMBERS - 20), second = pick(m, NUMBERS - 20);
    const flow_span spans[] = {span_of("k", first, 1 + pick(m, 20)),
                               span_of("k", second, 1 + pick(m, 20))};
    uint8_t keep[40], seen[NUMBERS] = {0};
    int contested = 0;
    size_t n = 0;

    for (size_t i = 0; i < 2; i++) {
        for (uint64_t k = spans[i].first; k < spans[i].first + spans[i].count; k++) {
            for (size_t c = 0; c < CLAIMS; c++)
                contested |= m->held[c][k];
        }
    }
    int rc = fl_spans_claim(&m->f.spans, spans, 2, 1, claim, keep);
    ck_assert_int_eq(rc, contested ? FLOW_EFULL : FLOW_OK);
    for (size_t i = 0; i < 2 && !rc; i++) {
        for (uint64_t k = spans[i].first; k < spans[i].first + spans[i].count; k++) {
            ck_assert_int_eq(keep[n++], !m->had[k] && !seen[k]);
            seen[k] = 1;
            held[k] = !m->had[k];
        }
    }
}

/* Puts what is claimed, or fails to. */
static void model_end(struct model *m, struct fl_claim *claim, uint8_t *held)
{
    int durable = pick(m, 4) > 0;
    struct frame *frame = &m->frames[m->frame_count];

    frame->size = claim->records.size;
    ck_assert_uint_le(frame->size, sizeof frame->data);
    if (frame->size)
        memcpy(frame->data, claim->records.data, frame->size);
    m->frame_count += durable && frame->size;
    fl_spans_land(&m->f.spans, claim, durable);
    for (size_t k = 0; k < NUMBERS; k++)
        m->had[k] |= (uint8_t)(durable && held[k]);
    memset(held, 0, NUMBERS);
}

static void model_state(struct model *m)
{
    struct fl_buf out;

    fl_buf_init(&out, &failing.allocator);
    ck_assert_int_eq(fl_spans_write(&m->f.spans, &out), FLOW_OK);
    ck_assert_uint_le(out.size, sizeof m->state.data);
    if (out.size)
        memcpy(m->state.data, out.data, out.size);
    m->state.size = out.size;
    m->state_from = m->frame_count;
    fl_buf_free(&out);
}

/* The state, and frames from where it was or from before, in any order and some twice. */
static void model_recover(struct model *m)
{
    struct fixture f;
    size_t from = pick(m, 2) ? m->state_from : 0;
    uint8_t keep[NUMBERS];
    const flow_span all = span_of("k", 0, NUMBERS);

    ck_assert_int_eq(fl_spans_init(&f.spans, &failing.allocator), FLOW_OK);
    fl_claim_init(&f.claim, &failing.allocator);
    int late = (int)pick(m, 2);
    for (int i = 0; i < 2; i++) {
        if (i == late)
            ck_assert_int_eq(fl_spans_join(&f.spans, m->state.data, m->state.size), FLOW_OK);
        for (size_t k = m->frame_count; k-- > from;) {
            const struct frame *frame = &m->frames[k];
            ck_assert_int_eq(fl_spans_join(&f.spans, frame->data, frame->size), FLOW_OK);
        }
    }
    ck_assert_int_eq(fl_spans_claim(&f.spans, &all, 1, 1, &f.claim, keep), FLOW_OK);
    for (size_t k = 0; k < NUMBERS; k++)
        ck_assert_int_eq(keep[k], !m->had[k]);
    fl_spans_land(&f.spans, &f.claim, 0);
    fl_claim_free(&f.claim);
    fl_spans_free(&f.spans);
}

START_TEST(what_was_durable_is_known_in_whatever_order_it_is_found)
{
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        static struct model m;
        memset(&m, 0, sizeof m);
        m.seed = seed;
        set_up(&m.f);
        for (size_t i = 0; i < CLAIMS; i++)
            fl_claim_init(&m.claims[i], &failing.allocator);
        for (unsigned step = 0; step < STEPS; step++) {
            unsigned c = pick(&m, CLAIMS);
            if (m.claims[c].parts.count)
                model_end(&m, &m.claims[c], m.held[c]);
            else if (pick(&m, 8))
                model_claim(&m, &m.claims[c], m.held[c]);
            else
                model_state(&m);
        }
        model_recover(&m);
        for (size_t i = 0; i < CLAIMS; i++) {
            fl_spans_land(&m.f.spans, &m.claims[i], 0);
            fl_claim_free(&m.claims[i]);
        }
        tear_down(&m.f);
    }
}
END_TEST

START_TEST(records_that_are_cut_or_make_no_sense_are_refused)
{
    const flow_span spans[] = {span_of("key", 3, 4), {"key", 3, 2, 20, 10}};
    struct fixture f;

    set_up(&f);
    ck_assert_int_eq(fl_spans_claim(&f.spans, spans, 2, 1, &f.claim, f.keep), FLOW_OK);
    uint8_t *bytes = f.claim.records.data;
    size_t size = f.claim.records.size;
    for (size_t i = 1; i < size; i++)
        ck_assert_int_eq(fl_spans_join(NULL, bytes, i), FLOW_EPARSE);
    ck_assert_int_eq(fl_spans_join(NULL, bytes, size), FLOW_OK);
    bytes[size - 16] = 0xff; /* a range that ends before it begins */
    ck_assert_int_eq(fl_spans_join(NULL, bytes, size), FLOW_EPARSE);
    memset(bytes, 0xff, 4);
    ck_assert_int_eq(fl_spans_join(NULL, bytes, size), FLOW_EPARSE);
    fl_spans_land(&f.spans, &f.claim, 0);
    tear_down(&f);
}
END_TEST

START_TEST(without_memory_nothing_is_claimed)
{
    struct fixture f;
    int rc = FLOW_ENOMEM;

    for (int64_t grants = 0; rc; grants++) {
        set_up(&f);
        expect_put(&f, "a", 4, "+");
        const flow_span spans[] = {span_of("a", 3, 4), span_of("b", 3, 4)};
        failing_after(&failing, grants);
        rc = fl_spans_claim(&f.spans, spans, 2, 1, &f.claim, f.keep);
        failing_after(&failing, -1);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        if (rc) {
            ck_assert_uint_eq(f.claim.parts.count, 0);
            expect_put(&f, "a", 3, "+-++");
            expect_put(&f, "b", 3, "++++");
        }
        fl_spans_land(&f.spans, &f.claim, 0);
        tear_down(&f);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"only_what_is_not_there_is_claimed", only_what_is_not_there_is_claimed},
        {"the_same_twice_in_one_claim_counts_once", the_same_twice_in_one_claim_counts_once},
        {"what_somebody_is_about_to_put_has_to_be_awaited",
         what_somebody_is_about_to_put_has_to_be_awaited},
        {"a_horizon_closes_holes", a_horizon_closes_holes},
        {"senders_that_are_gone_are_forgotten", senders_that_are_gone_are_forgotten},
        {"there_are_not_too_many_senders_nor_ranges", there_are_not_too_many_senders_nor_ranges},
        {"what_was_durable_is_known_in_whatever_order_it_is_found",
         what_was_durable_is_known_in_whatever_order_it_is_found},
        {"records_that_are_cut_or_make_no_sense_are_refused",
         records_that_are_cut_or_make_no_sense_are_refused},
        {"without_memory_nothing_is_claimed", without_memory_nothing_is_claimed},
    };

    return RUN_SUITE("store_spans", tests);
}
