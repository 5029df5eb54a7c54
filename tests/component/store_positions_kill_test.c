/* SPDX-License-Identifier: Apache-2.0 */

/* Many threads store positions while checkpoint follows checkpoint, until the process is killed:
 * each position is that of the last put, whatever is read to find it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "io/file.h"
#include "mortal.h"
#include "places.h"
#include "store/store_inner.h"
#include "suite.h"

#define WRITERS 4u
#define ROUNDS 20

/* What the writers know to be durable, seen by the parent too. */
struct shared {
    _Atomic uint64_t done[WRITERS];
};

struct writer {
    struct fl_store *store;
    struct shared *shared;
    flow_library *lib;
    unsigned number;
    uint64_t from;
};

/* What the key that is forgotten now and then holds behind step N; 0: nothing. */
static uint64_t fickle(uint64_t n)
{
    return n % 3 == 0 ? 0 : n;
}

static void add(struct fl_buf *list, char kind, unsigned writer, uint64_t number)
{
    char key[8], value[24];
    size_t key_size = (size_t)snprintf(key, sizeof key, "%c%u", kind, writer);
    size_t size = (size_t)snprintf(value, sizeof value, "%016llu", (unsigned long long)number);
    const flow_position position = {key, value, key_size, number ? size : 0};

    ck_assert_int_eq(fl_position_append(list, &position), FLOW_OK);
}

static void *write_on(void *arg)
{
    struct writer *w = arg;
    flow_batch *batch = numbered_batch(w->lib, 0, 3);
    struct fl_buf list;

    fl_buf_init(&list, flow_library_allocator(w->lib));
    for (uint64_t n = w->from + 1;; n++) {
        size_t count = n % 4 == 0 ? 0 : 3;
        fl_buf_clear(&list);
        add(&list, 's', w->number, n);
        add(&list, 'f', w->number, fickle(n));
        int rc = fl_store_put(w->store, flow_batch_events(batch), count, &list, NULL);
        ck_assert_int_eq(rc, FLOW_OK);
        atomic_store(&w->shared->done[w->number], n);
    }
    return NULL;
}

static void nothing(void *self)
{
    (void)self;
}

static struct fl_store *store_up(struct memory_rig *rig, const struct places *places)
{
    char folders[2][96];
    struct fl_store *store;
    flow_error *err = NULL;

    ck_assert_int_eq(memory_rig_new(rig, 0, SETTINGS("capacity", "100"), NULL), FLOW_OK);
    for (int i = 0; i < 2; i++)
        snprintf(folders[i], sizeof folders[i], "%s/data%d", places->root, i);
    const struct fl_store_options options = {
        .ctx = rig->ctx,
        .io = fl_io_of(rig->ctx),
        .control = places->control,
        .folders = (const char *const[]){folders[0], folders[1]},
        .folder_count = 2,
        .segment_size = 65536,
        .required_space = 1,
        .memory = 1 << 20,
        .checkpoint_ms = 60000,
        .visible = nothing,
    };
    int rc = fl_store_open(&options, &store, &err);
    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
    return store;
}

static void store_down(struct memory_rig *rig, struct fl_store *store)
{
    ck_assert_int_eq(fl_store_close(store, NULL), FLOW_OK);
    ck_assert_int_eq(memory_rig_free(rig), FLOW_OK);
}

/* Takes all events, so that files become free; puts and checkpoints go on until the kill. */
static void child(const struct places *places, struct shared *shared)
{
    struct memory_rig rig;
    struct fl_store *store = store_up(&rig, places);
    struct writer writers[WRITERS];
    struct fl_cursor *cursor;
    pthread_t thread;

    ck_assert_int_eq(fl_store_cursor(store, "", &cursor, NULL), FLOW_OK);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){store, shared, rig.lib, i, atomic_load(&shared->done[i])};
        ck_assert_int_eq(pthread_create(&thread, NULL, write_on, &writers[i]), 0);
    }
    for (;;) {
        const flow_event *events[100];
        struct fl_lot_ref *lots = NULL;
        size_t count;
        ck_assert_int_eq(fl_cursor_take(cursor, 100, events, &count, &lots, NULL), FLOW_OK);
        if (count > 0)
            ck_assert_int_eq(fl_cursor_commit(cursor, &lots, NULL, NULL), FLOW_OK);
        ck_assert_int_eq(fl_store_checkpoint(store, 0, NULL), FLOW_OK);
    }
}

static int read_value(void *arg, const flow_position *position)
{
    char text[24] = "";

    ck_assert_uint_lt(position->value_size, sizeof text);
    memcpy(text, position->value, position->value_size);
    *(uint64_t *)arg = strtoull(text, NULL, 10);
    return FLOW_OK;
}

static uint64_t stored(struct fl_store *store, char kind, unsigned writer)
{
    char key[8];
    uint64_t number = 0;
    size_t size = (size_t)snprintf(key, sizeof key, "%c%u", kind, writer);

    fl_store_positions(store, key, size, read_value, &number);
    return number;
}

/* A put that was durable may not have been told of. */
static void check(const struct places *places, struct shared *shared)
{
    struct memory_rig rig;
    struct fl_store *store = store_up(&rig, places);

    for (unsigned i = 0; i < WRITERS; i++) {
        uint64_t done = atomic_load(&shared->done[i]), found = stored(store, 's', i);
        ck_assert_msg(found == done || found == done + 1, "writer %u is at %llu, not %llu", i,
                      (unsigned long long)found, (unsigned long long)done);
        ck_assert_uint_eq(stored(store, 'f', i), fickle(found));
        atomic_store(&shared->done[i], found);
    }
    store_down(&rig, store);
}

START_TEST(no_checkpoint_misses_a_position)
{
    struct places places;
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned seed = (unsigned)time(NULL) ^ (unsigned)getpid();

    ck_assert_ptr_ne(shared, MAP_FAILED);
    places_init(&places, 1);
    for (int round = 0; round < ROUNDS; round++) {
        const struct timespec time = {0, 20000000L + rand_r(&seed) % 80000000};
        pid_t pid = fork_muted();
        if (pid == 0)
            child(&places, shared);
        nanosleep(&time, NULL);
        kill_muted(pid);
        if (round % 3 == 2)
            places_lose_control(&places);
        check(&places, shared);
    }
    ck_assert_uint_gt(atomic_load(&shared->done[0]), 0);
    fprintf(stderr, "%llu puts of the first\n", (unsigned long long)shared->done[0]);
    places_free(&places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"no_checkpoint_misses_a_position", no_checkpoint_misses_a_position},
    };

    return RUN_SUITE("store_positions_kill", tests);
}
