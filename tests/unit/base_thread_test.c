/* SPDX-License-Identifier: Apache-2.0 */

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"
#include "suite.h"

static void start(struct fl_thread *thread, const char *name, void (*fn)(void *), void *arg)
{
    ck_assert_int_eq(fl_thread_start(thread, name, fn, arg), FLOW_OK);
}

static void read_name(void *arg)
{
    char room[16];

    strcpy(arg, fl_thread_name(room, sizeof room));
}

static const char *name_of(const char *given, char room[16])
{
    struct fl_thread thread;

    start(&thread, given, read_name, room);
    fl_thread_join(&thread);
    return room;
}

START_TEST(threads_of_ours_are_known_by_name)
{
    char room[16] = "";

    ck_assert_str_eq(name_of("r1", room), "flow-r1");
    ck_assert_str_eq(name_of("flow-loop", room), "flow-loop");
    ck_assert_str_eq(name_of("a-very-long-name", room), "flow-a-very-lon");
    ck_assert_str_eq(fl_thread_name(room, sizeof room), "");
    ck_assert_str_eq(fl_thread_name(room, 3), "");
}
END_TEST

static void read_mask(void *arg)
{
    pthread_sigmask(SIG_BLOCK, NULL, arg);
}

START_TEST(threads_of_ours_block_signals_and_the_creator_does_not)
{
    struct fl_thread thread;
    sigset_t theirs;
    sigset_t before;
    sigset_t after;

    pthread_sigmask(SIG_BLOCK, NULL, &before);
    start(&thread, "x", read_mask, &theirs);
    fl_thread_join(&thread);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    ck_assert_int_eq(sigismember(&theirs, SIGTERM), 1);
    ck_assert_int_eq(sigismember(&theirs, SIGPIPE), 1);
    ck_assert_int_eq(sigismember(&theirs, SIGCHLD), 1);
    for (int number = 1; number < 32; number++)
        ck_assert_int_eq(sigismember(&after, number), sigismember(&before, number));
}
END_TEST

START_TEST(joining_what_never_started_does_nothing)
{
    struct fl_thread thread = {0};

    fl_thread_join(&thread);
    start(&thread, "x", read_mask, &(sigset_t){0});
    fl_thread_join(&thread);
    fl_thread_join(&thread);
}
END_TEST

START_TEST(waiting_ends_at_the_deadline)
{
    const struct fl_clock *clock = fl_clock_system();
    struct fl_lock lock;
    int64_t deadline = fl_clock_after(clock, 20);

    ck_assert_int_eq(fl_lock_init(&lock), FLOW_OK);
    fl_lock(&lock);
    while (fl_lock_wait(&lock, clock, deadline) == FLOW_OK)
        ;
    ck_assert_int_ge(fl_clock_now(clock), deadline);
    ck_assert_int_eq(fl_lock_wait(&lock, clock, -5), FLOW_ETIMEDOUT);
    fl_unlock(&lock);
    fl_lock_destroy(&lock);
}
END_TEST

struct turn {
    struct fl_lock lock;
    int whose;
    int taken;
};

static void take_turns(void *arg)
{
    struct turn *turn = arg;

    fl_lock(&turn->lock);
    for (int i = 0; i < 1000; i++) {
        while (turn->whose != 1)
            fl_lock_wait(&turn->lock, fl_clock_system(), FL_NEVER);
        turn->whose = 0;
        turn->taken++;
        fl_lock_wake(&turn->lock);
    }
    fl_unlock(&turn->lock);
}

START_TEST(two_threads_can_take_turns)
{
    struct turn turn = {.whose = 0};
    struct fl_thread thread;

    ck_assert_int_eq(fl_lock_init(&turn.lock), FLOW_OK);
    start(&thread, "turns", take_turns, &turn);
    fl_lock(&turn.lock);
    for (int i = 0; i < 1000; i++) {
        while (turn.whose != 0)
            fl_lock_wait(&turn.lock, fl_clock_system(), FL_NEVER);
        turn.whose = 1;
        fl_lock_wake(&turn.lock);
    }
    fl_unlock(&turn.lock);
    fl_thread_join(&thread);
    ck_assert_int_eq(turn.taken, 1000);
    fl_lock_destroy(&turn.lock);
}
END_TEST

struct waiter {
    struct fl_gate gate;
    struct fl_clock *clock;
    int64_t deadline;
    _Atomic int result;
};

static void wait_at_gate(void *arg)
{
    struct waiter *waiter = arg;

    waiter->result = fl_gate_wait(&waiter->gate, 0, waiter->clock, waiter->deadline);
}

START_TEST(moving_a_false_clock_ends_a_wait)
{
    struct waiter waiter = {.clock = fl_clock_false_new(NULL, 0), .deadline = 1000};
    struct fl_thread thread;

    ck_assert_int_eq(fl_gate_init(&waiter.gate), FLOW_OK);
    start(&thread, "wait", wait_at_gate, &waiter);
    fl_clock_false_advance(waiter.clock, 1000);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.result, FLOW_ETIMEDOUT);
    fl_gate_destroy(&waiter.gate);
    fl_clock_false_free(NULL, waiter.clock);
}
END_TEST

START_TEST(opening_ends_a_wait_on_a_false_clock)
{
    struct waiter waiter = {.clock = fl_clock_false_new(NULL, 0), .deadline = 1000};
    struct fl_thread thread;

    ck_assert_int_eq(fl_gate_init(&waiter.gate), FLOW_OK);
    start(&thread, "wait", wait_at_gate, &waiter);
    fl_gate_open(&waiter.gate);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.result, FLOW_OK);
    fl_gate_destroy(&waiter.gate);
    fl_clock_false_free(NULL, waiter.clock);
}
END_TEST

/* A slice of the wait runs out while the lock is held, and the wake comes before it is given up. */
START_TEST(a_wake_beside_a_slice_of_a_false_clock_counts)
{
    struct waiter waiter = {.clock = fl_clock_false_new(NULL, 0), .deadline = 1000, .result = -99};
    struct fl_thread thread;

    ck_assert_int_eq(fl_gate_init(&waiter.gate), FLOW_OK);
    start(&thread, "wait", wait_at_gate, &waiter);
    while (atomic_load(&waiter.gate.waiting) == 0)
        ;
    fl_lock(&waiter.gate.lock);
    usleep(20000);
    atomic_fetch_add(&waiter.gate.opened, 1);
    fl_lock_wake(&waiter.gate.lock);
    fl_unlock(&waiter.gate.lock);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.result, FLOW_OK);
    fl_gate_destroy(&waiter.gate);
    fl_clock_false_free(NULL, waiter.clock);
}
END_TEST

START_TEST(gate_opened_since_the_look_lets_pass)
{
    const struct fl_clock *clock = fl_clock_system();
    struct fl_gate gate;
    ck_assert_int_eq(fl_gate_init(&gate), FLOW_OK);

    uint32_t seen = fl_gate_look(&gate);
    ck_assert_int_eq(fl_gate_wait(&gate, seen, clock, fl_clock_now(clock)), FLOW_ETIMEDOUT);
    fl_gate_open(&gate);
    ck_assert_int_eq(fl_gate_wait(&gate, seen, clock, FL_NEVER), FLOW_OK);
    ck_assert_int_eq(fl_gate_wait(&gate, seen, clock, 0), FLOW_OK);
    fl_gate_destroy(&gate);
}
END_TEST

#define ROUNDS 20000

/* Two counters, each of which may only follow the other; every step is announced at a gate. */
struct relay {
    struct fl_gate gate;
    _Atomic int given;
    _Atomic int returned;
};

static void wait_for(struct relay *relay, _Atomic int *counter, int value)
{
    uint32_t seen = fl_gate_look(&relay->gate);

    while (atomic_load(counter) < value) {
        ck_assert_int_eq(fl_gate_wait(&relay->gate, seen, fl_clock_system(), FL_NEVER), FLOW_OK);
        seen = fl_gate_look(&relay->gate);
    }
}

static void return_all(void *arg)
{
    struct relay *relay = arg;

    for (int i = 1; i <= ROUNDS; i++) {
        wait_for(relay, &relay->given, i);
        atomic_store(&relay->returned, i);
        fl_gate_open(&relay->gate);
    }
}

START_TEST(no_opening_is_missed)
{
    struct relay relay = {.given = 0};
    struct fl_thread thread;

    ck_assert_int_eq(fl_gate_init(&relay.gate), FLOW_OK);
    start(&thread, "relay", return_all, &relay);
    for (int i = 1; i <= ROUNDS; i++) {
        atomic_store(&relay.given, i);
        fl_gate_open(&relay.gate);
        wait_for(&relay, &relay.returned, i);
    }
    fl_thread_join(&thread);
    ck_assert_int_eq(relay.returned, ROUNDS);
    fl_gate_destroy(&relay.gate);
}
END_TEST

START_TEST(one_opening_lets_all_pass)
{
    struct waiter waiter = {.deadline = FL_NEVER, .result = -99};
    struct fl_thread threads[4];

    ck_assert_int_eq(fl_gate_init(&waiter.gate), FLOW_OK);
    for (size_t i = 0; i < 4; i++)
        start(&threads[i], "wait", wait_at_gate, &waiter);
    fl_gate_open(&waiter.gate);
    for (size_t i = 0; i < 4; i++)
        fl_thread_join(&threads[i]);
    ck_assert_int_eq(waiter.result, FLOW_OK);
    fl_gate_destroy(&waiter.gate);
}
END_TEST

static void hear(void *arg)
{
    ++*(int *)arg;
}

START_TEST(who_listens_hears_every_opening)
{
    struct fl_gate gate;
    int one = 0, two = 0;
    struct fl_gate_ear first = {.heard = hear, .arg = &one};
    struct fl_gate_ear second = {.heard = hear, .arg = &two};

    ck_assert_int_eq(fl_gate_init(&gate), FLOW_OK);
    fl_gate_open(&gate);
    fl_gate_listen(&gate, &first);
    fl_gate_listen(&gate, &second);
    fl_gate_open(&gate);
    fl_gate_leave(&gate, &first);
    fl_gate_open(&gate);
    fl_gate_leave(&gate, &second);
    fl_gate_open(&gate);
    ck_assert_int_eq(one, 1);
    ck_assert_int_eq(two, 2);
    ck_assert_uint_eq(atomic_load(&gate.waiting), 0);
    fl_gate_destroy(&gate);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"name", threads_of_ours_are_known_by_name},
        {"signals", threads_of_ours_block_signals_and_the_creator_does_not},
        {"join", joining_what_never_started_does_nothing},
        {"deadline", waiting_ends_at_the_deadline},
        {"turns", two_threads_can_take_turns},
        {"false clock", moving_a_false_clock_ends_a_wait},
        {"false clock opened", opening_ends_a_wait_on_a_false_clock},
        {"false clock raced", a_wake_beside_a_slice_of_a_false_clock_counts},
        {"gate", gate_opened_since_the_look_lets_pass},
        {"relay", no_opening_is_missed},
        {"all pass", one_opening_lets_all_pass},
        {"listen", who_listens_hears_every_opening},
    };

    return RUN_SUITE("base/thread", tests);
}
