/* SPDX-License-Identifier: Apache-2.0 */

#include <unistd.h>

#include "base/sleepers.h"
#include "suite.h"

#define PATIENCE_MS 60000 /* a limit only for a broken build */

struct fixture {
    struct fl_clock *clock;
    struct fl_sleepers sleepers;
};

/* A thread that waits PERIOD again and again, and lingers before each wait. */
struct thread {
    struct fixture *f;
    struct fl_gate gate;
    struct fl_thread thread;
    int64_t period;
    int rounds; /* how often it waits */
    int linger_us;
    int done;
    int64_t woken_at;
    int pipe[2]; /* what it reads a byte from after each wait, unless that is closed */
};

static void set_up(struct fixture *f)
{
    f->clock = fl_clock_false_new(NULL, 0);
    ck_assert_ptr_nonnull(f->clock);
    ck_assert_int_eq(fl_sleepers_init(&f->sleepers, NULL, f->clock), FLOW_OK);
    fl_sleepers_drive(&f->sleepers);
}

static void tear_down(struct fixture *f)
{
    fl_sleepers_destroy(&f->sleepers);
    fl_clock_false_free(NULL, f->clock);
}

static void wait_once(struct thread *t)
{
    uint32_t seen = fl_gate_look(&t->gate);
    int64_t deadline = fl_sleepers_enter(&t->f->sleepers, &t->gate, t->period);

    while (fl_gate_wait(&t->gate, seen, t->f->clock, deadline) != FLOW_ETIMEDOUT)
        seen = fl_gate_look(&t->gate);
    fl_sleepers_leave(&t->f->sleepers);
    t->woken_at = fl_clock_now(t->f->clock);
}

static void run(void *arg)
{
    struct thread *t = arg;
    char byte;

    while (t->done < t->rounds) {
        usleep((useconds_t)t->linger_us);
        wait_once(t);
        if (t->pipe[0] >= 0)
            ck_assert_int_eq(read(t->pipe[0], &byte, 1), 1);
        t->done++;
    }
}

static void begin(struct fixture *f, struct thread *t)
{
    t->f = f;
    ck_assert_int_eq(fl_gate_init(&t->gate), FLOW_OK);
    ck_assert_int_eq(fl_thread_start(&t->thread, "sleeper", run, t), FLOW_OK);
}

static void end(struct thread *t)
{
    fl_thread_join(&t->thread);
    fl_gate_destroy(&t->gate);
}

static int walk(struct fixture *f, int64_t ms)
{
    return fl_sleepers_walk(&f->sleepers, fl_clock_after(f->clock, ms), PATIENCE_MS);
}

START_TEST(the_clock_moves_when_nobody_is_known)
{
    struct fixture f;

    set_up(&f);
    ck_assert_int_eq(walk(&f, 70), FLOW_OK);
    ck_assert_int_eq(walk(&f, 0), FLOW_OK);
    ck_assert_int_eq(fl_clock_now(f.clock), 70);
    ck_assert_int_eq(fl_sleepers_walk(&f.sleepers, 30, PATIENCE_MS), FLOW_OK);
    ck_assert_int_eq(fl_clock_now(f.clock), 70);
    tear_down(&f);
}
END_TEST

START_TEST(each_wait_ends_on_time)
{
    struct fixture f;
    struct thread a = {.period = 3, .rounds = 100, .linger_us = 100, .pipe = {-1, -1}};
    struct thread b = {.period = 5, .rounds = 100, .linger_us = 300, .pipe = {-1, -1}};

    set_up(&f);
    fl_sleepers_expect(&f.sleepers, 2);
    begin(&f, &a);
    begin(&f, &b);
    for (int ms = 1; ms <= 300; ms++) {
        ck_assert_int_eq(walk(&f, 1), FLOW_OK);
        ck_assert_int_eq(a.done, ms / 3);
        ck_assert_int_eq(a.woken_at, ms / 3 * 3);
        ck_assert_int_eq(b.done, ms / 5);
        ck_assert_int_eq(b.woken_at, ms / 5 * 5);
    }
    /* The first has ended, and nobody waits for it. */
    ck_assert_int_eq(walk(&f, 1000), FLOW_OK);
    ck_assert_int_eq(b.done, 100);
    ck_assert_int_eq(b.woken_at, 500);
    end(&a);
    end(&b);
    tear_down(&f);
}
END_TEST

START_TEST(a_thread_that_waits_elsewhere_is_given_up_until_it_is_back)
{
    struct fixture f;
    struct thread t = {.period = 10, .rounds = 3, .pipe = {-1, -1}};

    set_up(&f);
    ck_assert_int_eq(pipe(t.pipe), 0);
    fl_sleepers_expect(&f.sleepers, 1);
    begin(&f, &t);
    ck_assert_int_eq(fl_sleepers_walk(&f.sleepers, 10, 20), FLOW_ETIMEDOUT);
    ck_assert_int_eq(walk(&f, 100), FLOW_OK);

    ck_assert_int_eq(write(t.pipe[1], "xxx", 3), 3);
    fl_sleepers_expect(&f.sleepers, 1);
    ck_assert_int_eq(walk(&f, 10), FLOW_OK);
    ck_assert_int_eq(t.done, 2);
    ck_assert_int_eq(t.woken_at, 120);
    ck_assert_int_eq(walk(&f, 10), FLOW_OK);
    ck_assert_int_eq(t.done, 3);
    ck_assert_int_eq(t.woken_at, 130);
    end(&t);
    close(t.pipe[0]);
    close(t.pipe[1]);
    tear_down(&f);
}
END_TEST

START_TEST(who_does_not_come_is_not_waited_for_again)
{
    struct fixture f;

    set_up(&f);
    fl_sleepers_expect(&f.sleepers, 1);
    ck_assert_int_eq(fl_sleepers_walk(&f.sleepers, 10, 20), FLOW_ETIMEDOUT);
    ck_assert_int_eq(fl_clock_now(f.clock), 10);
    ck_assert_int_eq(walk(&f, 10), FLOW_OK);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"nobody", the_clock_moves_when_nobody_is_known},
        {"on time", each_wait_ends_on_time},
        {"elsewhere", a_thread_that_waits_elsewhere_is_given_up_until_it_is_back},
        {"absent", who_does_not_come_is_not_waited_for_again},
    };

    return RUN_SUITE("base/sleepers", tests);
}
