/* SPDX-License-Identifier: Apache-2.0 */

/* The simulated disk as a whole: its life, its record, and the disks that come from it. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim_inner.h"

static struct sim_disk *new_disk(void)
{
    struct sim_disk *disk = sim_alloc(sizeof *disk);

    pthread_mutex_init(&disk->lock, NULL);
    disk->io = sim_io;
    disk->io.self = disk;
    disk->room = UINT64_MAX;
    return disk;
}

struct sim_disk *sim_disk_new(void)
{
    struct sim_disk *disk = new_disk();

    sim_state_init(&disk->state);
    return disk;
}

static void free_record(struct sim_record *record)
{
    for (uint64_t i = 0; i < record->count; i++)
        free(record->ops[i]);
    free(record->ops);
    sim_state_free(&record->base);
    *record = (struct sim_record){0};
}

void sim_disk_free(struct sim_disk *disk)
{
    if (!disk)
        return;
    sim_state_free(&disk->state);
    free_record(&disk->record);
    for (size_t i = 0; i < disk->file_count; i++)
        free(disk->files[i].path);
    free(disk->files);
    free(disk->fault_below);
    pthread_mutex_destroy(&disk->lock);
    free(disk);
}

const struct fl_io *sim_disk_io(struct sim_disk *disk)
{
    return &disk->io;
}

size_t sim_disk_open_files(struct sim_disk *disk)
{
    size_t count = 0;

    pthread_mutex_lock(&disk->lock);
    for (size_t i = 0; i < disk->file_count; i++)
        count += disk->files[i].file != 0;
    pthread_mutex_unlock(&disk->lock);
    return count;
}

/* ---- the record ---- */

static size_t length_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* A copy in one piece, with all that it leads to. */
static struct sim_op *copy_op(const struct sim_op *op)
{
    size_t data = op->data ? (size_t)op->size : 0;
    size_t name = length_of(op->name);
    size_t to = length_of(op->to);
    struct sim_op *copy = sim_alloc(sizeof *copy + data + name + to);
    uint8_t *room = (uint8_t *)(copy + 1);

    *copy = *op;
    if (data)
        copy->data = memcpy(room, op->data, data);
    if (name)
        copy->name = memcpy(room + data, op->name, name);
    if (to)
        copy->to = memcpy(room + data + name, op->to, to);
    return copy;
}

static void record_op(struct sim_record *record, const struct sim_op *op)
{
    if (record->count == record->room) {
        record->room = record->room ? 2 * record->room : 64;
        record->ops = sim_realloc(record->ops, record->room * sizeof(struct sim_op *));
    }
    record->ops[record->count++] = copy_op(op);
}

/* Drops nodes that no name leads to, now or after a crash; open files stay. */
static void sweep(struct sim_disk *disk)
{
    uint8_t *named = sim_state_named(&disk->state, 1);

    for (size_t i = 0; i < disk->file_count; i++)
        named[disk->files[i].file] = 1;
    for (uint64_t id = 0; id < disk->state.node_count; id++) {
        if (!named[id])
            sim_node_drop(&disk->state, id);
    }
    free(named);
}

static void apply(struct sim_disk *disk, const struct sim_op *op)
{
    sim_state_apply(&disk->state, op);
    const struct sim_node *node = sim_node_of(&disk->state, op->file);
    if (op->kind == SIM_OP_SYNC && node && sim_is_folder(node))
        sweep(disk);
}

void sim_do(struct sim_disk *disk, const struct sim_op *op)
{
    apply(disk, op);
    if (disk->record.runs)
        record_op(&disk->record, op);
}

static void do_locked(struct sim_disk *disk, const struct sim_op *op)
{
    pthread_mutex_lock(&disk->lock);
    sim_do(disk, op);
    pthread_mutex_unlock(&disk->lock);
}

void sim_disk_record(struct sim_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    free_record(&disk->record);
    disk->record.base = sim_state_copy(&disk->state);
    disk->record.runs = 1;
    pthread_mutex_unlock(&disk->lock);
}

void sim_disk_mark(struct sim_disk *disk, uint64_t value)
{
    do_locked(disk, &(struct sim_op){.kind = SIM_OP_MARK, .value = value});
}

void sim_disk_evict(struct sim_disk *disk)
{
    do_locked(disk, &(struct sim_op){.kind = SIM_OP_EVICT});
}

uint64_t sim_disk_ops(struct sim_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    uint64_t count = disk->record.count;
    pthread_mutex_unlock(&disk->lock);
    return count;
}

const struct sim_op *sim_disk_op(struct sim_disk *disk, uint64_t index)
{
    pthread_mutex_lock(&disk->lock);
    const struct sim_op *op = index < disk->record.count ? disk->record.ops[index] : NULL;
    pthread_mutex_unlock(&disk->lock);
    return op;
}

const char *sim_op_text(const struct sim_op *op, char *room, size_t size)
{
    static const char *const losses[] = {"lost", "reached", "partly", "kept"};
    const char *name = op->name ? op->name : "";

    switch (op->kind) {
    case SIM_OP_MARK: snprintf(room, size, "mark %" PRIu64, op->value); break;
    case SIM_OP_CREATE:
        snprintf(room, size, "create %s as %" PRIu64 " in %" PRIu64, name, op->file, op->folder);
        break;
    case SIM_OP_WRITE:
        snprintf(room, size, "write %" PRIu64 " bytes at %" PRId64 " of %" PRIu64, op->size,
                 op->offset, op->file);
        break;
    case SIM_OP_TRUNCATE:
        snprintf(room, size, "truncate %" PRIu64 " to %" PRIu64, op->file, op->size);
        break;
    case SIM_OP_SYNC: snprintf(room, size, "sync %" PRIu64, op->file); break;
    case SIM_OP_LOSS:
        snprintf(room, size, "failed sync %" PRIu64 ", %s", op->file, losses[op->loss]);
        break;
    case SIM_OP_RENAME:
        snprintf(room, size, "rename %s in %" PRIu64 " to %s in %" PRIu64, name, op->folder, op->to,
                 op->to_folder);
        break;
    case SIM_OP_UNLINK: snprintf(room, size, "unlink %s in %" PRIu64, name, op->folder); break;
    case SIM_OP_EVICT: snprintf(room, size, "evict"); break;
    }
    return room;
}

/* ---- the past and the crash ---- */

struct sim_disk *sim_disk_past(struct sim_disk *disk, uint64_t ops)
{
    struct sim_disk *past = new_disk();

    pthread_mutex_lock(&disk->lock);
    past->state = sim_state_copy(&disk->record.base);
    pthread_mutex_unlock(&disk->lock);
    past->source = disk;
    sim_disk_advance(past, ops);
    return past;
}

void sim_disk_advance(struct sim_disk *past, uint64_t ops)
{
    for (; past->position < ops; past->position++) {
        const struct sim_op *op = sim_disk_op(past->source, past->position);
        if (!op)
            return;
        pthread_mutex_lock(&past->lock);
        apply(past, op);
        pthread_mutex_unlock(&past->lock);
    }
}

const char *sim_mode_name(enum sim_mode mode)
{
    static const char *const names[SIM_MODES] = {"killed", "flushed", "synced", "torn", "jumbled"};

    return names[mode];
}

struct sim_disk *sim_disk_crash(struct sim_disk *disk, enum sim_mode mode, uint64_t seed)
{
    struct sim_disk *image = new_disk();

    pthread_mutex_lock(&disk->lock);
    sim_state_crash(&disk->state, mode, seed, &image->state);
    pthread_mutex_unlock(&disk->lock);
    return image;
}

/* ---- what is there ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = sim_luck(hash, (uint8_t)*text);
    return hash;
}

/* Of all that is in a folder, in whatever order; its own place is in HASH. */
static uint64_t hash_folder(const struct sim_state *state, const struct sim_node *folder,
                            uint64_t hash)
{
    uint64_t sum = sim_luck(hash, folder->entries.count);

    for (size_t i = 0; i < folder->entries.count; i++) {
        const struct sim_entry *entry = &folder->entries.items[i];
        const struct sim_node *node = sim_node_of(state, entry->file);
        uint64_t place = hash_text(hash, entry->name);
        sum += sim_is_folder(node) ? hash_folder(state, node, place)
                                   : sim_luck(place, sim_bytes_hash(&node->cache));
    }
    return sum;
}

uint64_t sim_disk_hash(struct sim_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    uint64_t hash = hash_folder(&disk->state, sim_node_of(&disk->state, SIM_ROOT), 0);
    pthread_mutex_unlock(&disk->lock);
    return hash;
}

/* ---- to real files ---- */

#define EXPORT_STEP 65536

static int write_all(int fd, const struct sim_bytes *bytes)
{
    static const size_t step = EXPORT_STEP;
    uint8_t *data = sim_alloc(step);
    int result = ftruncate(fd, bytes->size) ? -errno : 0;

    for (int64_t at = 0; result == 0 && at < bytes->size; at += (int64_t)step) {
        size_t some = bytes->size - at < (int64_t)step ? (size_t)(bytes->size - at) : step;
        sim_bytes_read(bytes, data, some, at);
        ssize_t written = pwrite(fd, data, some, at);
        if (written != (ssize_t)some)
            result = written < 0 ? -errno : -EIO;
    }
    free(data);
    return result;
}

static int export_file(const struct sim_node *node, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, node->mode & 0777);
    int result = fd < 0 ? -errno : write_all(fd, &node->cache);

    if (fd >= 0)
        close(fd);
    return result;
}

static int export_folder(const struct sim_state *state, const struct sim_node *folder,
                         const char *path)
{
    int result = mkdir(path, 0777) && errno != EEXIST ? -errno : 0;

    for (size_t i = 0; result == 0 && i < folder->entries.count; i++) {
        const struct sim_entry *entry = &folder->entries.items[i];
        const struct sim_node *node = sim_node_of(state, entry->file);
        size_t size = strlen(path) + strlen(entry->name) + 2;
        char *below = sim_alloc(size);
        snprintf(below, size, "%s/%s", path, entry->name);
        result = sim_is_folder(node) ? export_folder(state, node, below) : export_file(node, below);
        free(below);
    }
    return result;
}

int sim_disk_export(struct sim_disk *disk, const char *folder)
{
    pthread_mutex_lock(&disk->lock);
    int result = export_folder(&disk->state, sim_node_of(&disk->state, SIM_ROOT), folder);
    pthread_mutex_unlock(&disk->lock);
    return result;
}
