/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Kills a process with SIGKILL while it puts into a file channel and takes from it, again and
 * again, and then counts: every event whose put was acknowledged is there or was taken, once, and
 * none whose take was acknowledged comes back.
 *
 * With --memory it is a spillable channel with so many events in memory.  0: the same is promised.
 * Else a kill may lose as many as memory holds.
 *
 *     log_kill [--rounds N] [--seed N] [--dir FOLDER] [--memory N] [--wrap none|both]
 *
 * --wrap both: the log is compressed and encrypted.
 */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory_rig.h"

#define NUMBERS (1u << 22)
#define BATCH 50u
#define TAKE 37u

/* What the processes know in common, which no kill takes away. */
struct ledger {
    _Atomic uint32_t next; /* the first number nobody has tried to put */
    _Atomic uint8_t put_acked[NUMBERS];
    _Atomic uint8_t taking[NUMBERS];     /* its take was to be committed */
    _Atomic uint8_t take_acked[NUMBERS]; /* how often that was acknowledged */
    _Atomic int open;                    /* the channel is */
    _Atomic int wrong;
};

static struct ledger *ledger;
static char folder[128];
static const char *memory; /* events, or NULL: a file channel */
static uint64_t may_lose;
static int is_wrapped;

#define KEYS TEST_DATA "/keys/"

/* Pairs of key and value, with room for what is added. */
struct settings {
    const char *pairs[48];
    size_t count;
};

static void add(struct settings *settings, const char *key, const char *value)
{
    settings->pairs[settings->count++] = key;
    settings->pairs[settings->count++] = value;
}

static void add_wrapping(struct settings *settings)
{
    add(settings, "compression", "zstd");
    add(settings, "encryption.activeKey", "key-1");
    add(settings, "encryption.cipherProvider", "AESCTRNOPADDING");
    add(settings, "encryption.keyProvider", "JCEKSFILE");
    add(settings, "encryption.keyProvider.keyStoreFile", KEYS "keystore");
    add(settings, "encryption.keyProvider.keyStorePasswordFile", KEYS "password");
    add(settings, "encryption.keyProvider.keys", "key-0 key-1");
}

static int open_rig(struct memory_rig *rig)
{
    struct settings settings = {.count = 0};
    char control[160], data[320];
    flow_error *err = NULL;

    snprintf(control, sizeof control, "%s/control", folder);
    snprintf(data, sizeof data, "%s/data0,%s/data1", folder, folder);
    add(&settings, "checkpointDir", control);
    add(&settings, "dataDirs", data);
    add(&settings, "minimumRequiredSpace", "1048576");
    add(&settings, "maxFileSize", "1000000");
    add(&settings, "checkpointInterval", "1000");
    if (memory) {
        add(&settings, "memoryCapacity", memory);
        add(&settings, "overflowTimeout", "0");
    }
    if (is_wrapped)
        add_wrapping(&settings);
    if (!memory_rig_new(rig, memory ? RIG_SPILL : RIG_FILE, settings.pairs, &err))
        return 0;
    fprintf(stderr, "cannot open: %s\n", flow_error_message(err));
    atomic_store(&ledger->wrong, 1);
    return 1;
}

static void *produce(void *arg)
{
    struct memory_rig *rig = arg;
    flow_batch *batch = NULL;

    flow_batch_new(rig->lib, &batch, NULL);
    while (atomic_load(&ledger->next) + BATCH < NUMBERS) {
        uint32_t first = atomic_fetch_add(&ledger->next, BATCH);
        flow_txn *txn = NULL;
        flow_batch_clear(batch);
        for (uint32_t i = first; i < first + BATCH; i++)
            flow_batch_add(batch, &i, sizeof i, NULL);
        if (flow_txn_begin(rig->channel, &txn, NULL) || flow_txn_put_batch(txn, batch, NULL) ||
            flow_txn_commit(txn, NULL))
            atomic_store(&ledger->wrong, 1);
        flow_txn_free(txn);
        for (uint32_t i = first; i < first + BATCH; i++)
            atomic_store(&ledger->put_acked[i], 1);
    }
    return NULL;
}

static uint32_t number_of_event(const flow_event *event)
{
    uint32_t number;

    memcpy(&number, flow_event_body(event, NULL), sizeof number);
    return number;
}

static void take_away(flow_txn *txn, const uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        atomic_store(&ledger->taking[numbers[i]], 1);
    if (flow_txn_commit(txn, NULL))
        atomic_store(&ledger->wrong, 1);
    for (size_t i = 0; i < count; i++)
        atomic_fetch_add(&ledger->take_acked[numbers[i]], 1);
}

static void *consume(void *arg)
{
    struct memory_rig *rig = arg;

    for (unsigned turn = 0;; turn++) {
        const flow_event *const *events;
        size_t count = 0;
        flow_txn *txn = NULL;
        uint32_t numbers[TAKE];
        if (flow_txn_begin(rig->channel, &txn, NULL) ||
            flow_txn_take(txn, TAKE, 1000, &events, &count, NULL))
            atomic_store(&ledger->wrong, 1);
        for (size_t i = 0; i < count; i++)
            numbers[i] = number_of_event(events[i]);
        if (turn % 7 != 3)
            take_away(txn, numbers, count);
        flow_txn_free(txn);
    }
    return NULL;
}

static void live(void)
{
    struct memory_rig rig;
    pthread_t threads[3];

    if (open_rig(&rig))
        _exit(1);
    atomic_store(&ledger->open, 1);
    pthread_create(&threads[0], NULL, produce, &rig);
    pthread_create(&threads[1], NULL, produce, &rig);
    pthread_create(&threads[2], NULL, consume, &rig);
    pthread_join(threads[2], NULL);
    _exit(1);
}

/* Java seals keys so that opening them takes longer than most lives would. */
static void await_open(void)
{
    while (!atomic_load(&ledger->open) && !atomic_load(&ledger->wrong))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void live_and_die(unsigned ms)
{
    atomic_store(&ledger->open, 0);
    pid_t child = fork();
    int status;

    if (child == 0)
        live();
    if (is_wrapped)
        await_open();
    nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

static int complain(uint32_t number, const char *what)
{
    fprintf(stderr, "event %u %s\n", number, what);
    return 1;
}

static int judge(uint32_t number, unsigned found)
{
    unsigned taken = atomic_load(&ledger->take_acked[number]);

    if (found + taken > 1)
        return complain(number, "is there twice, or came back");
    if (found || taken || !ledger->put_acked[number] || ledger->taking[number])
        return 0;
    return may_lose-- > 0 ? 0 : complain(number, "is lost");
}

static int count_all(void)
{
    uint8_t *found = calloc(NUMBERS, 1);
    struct memory_rig rig;
    size_t count = 1;
    int failed = open_rig(&rig);

    while (!failed && count) {
        const flow_event *const *events;
        flow_txn *txn;
        flow_txn_begin(rig.channel, &txn, NULL);
        failed = flow_txn_take(txn, 1000, 0, &events, &count, NULL) != FLOW_OK;
        for (size_t i = 0; i < count; i++)
            found[number_of_event(events[i])]++;
        failed |= flow_txn_commit(txn, NULL) != FLOW_OK;
        flow_txn_free(txn);
    }
    for (uint32_t i = 0; i < NUMBERS && !failed; i++)
        failed = judge(i, found[i]);
    memory_rig_free(&rig);
    free(found);
    return failed;
}

int main(int argc, char **argv)
{
    unsigned rounds = 100, seed = 1;
    const char *root = "/tmp";
    char command[160];

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--rounds"))
            rounds = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--seed"))
            seed = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--memory"))
            memory = argv[i + 1];
        else if (!strcmp(argv[i], "--wrap"))
            is_wrapped = !strcmp(argv[i + 1], "both");
        else if (!strcmp(argv[i], "--dir"))
            root = argv[i + 1];
    }
    may_lose = memory ? rounds * strtoull(memory, NULL, 10) : 0;
    ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(folder, sizeof folder, "%s/flow-kill-XXXXXX", root);
    if (ledger == MAP_FAILED || !mkdtemp(folder))
        return 1;
    srandom(seed);
    for (unsigned i = 0; i < rounds && !atomic_load(&ledger->wrong); i++)
        live_and_die(5 + (unsigned)random() % 60);
    int failed = atomic_load(&ledger->wrong) || count_all();
    printf("%u kills, %u events tried: %s\n", rounds, atomic_load(&ledger->next),
           failed ? "wrong" : "none lost that may not be, none twice");
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) || failed;
}
