/* SPDX-License-Identifier: Apache-2.0 */

/* The calls of the file layer on the simulated disk: what the system would refuse is refused, and
 * what changes the disk becomes an operation. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_inner.h"

/* Far from the process's own, so that a descriptor of the one is none of the other's. */
#define FIRST_FD 1000000

#define PARTS_MAX 1024
#define BLOCK 4096

/* ---- paths ---- */

/* Where a path leads. */
struct place {
    struct sim_node *folder; /* NULL: it is the root */
    struct sim_node *node;   /* NULL: there is none yet */
    char name[NAME_MAX + 1];
    int ends_in_slash;
};

/* Goes one name down. */
static int go_down(const struct sim_state *state, struct place *place, const char *name,
                   size_t size)
{
    if (!place->node)
        return -ENOENT;
    if (!sim_is_folder(place->node))
        return -ENOTDIR;
    if (size == 1 && name[0] == '.')
        return 0;
    if (size > NAME_MAX)
        return -ENAMETOOLONG;
    if (size == 2 && strncmp(name, "..", 2) == 0)
        return -EINVAL;
    place->folder = place->node;
    place->node = sim_node_of(state, sim_entries_find(&place->folder->entries, name, size));
    memcpy(place->name, name, size);
    place->name[size] = '\0';
    return 0;
}

static int find_place(const struct sim_state *state, const char *path, struct place *place)
{
    int result = *path == '\0' ? -ENOENT : 0;

    *place = (struct place){.node = sim_node_of(state, SIM_ROOT)};
    while (result == 0 && *path != '\0') {
        size_t size = strcspn(path, "/");
        if (size > 0)
            result = go_down(state, place, path, size);
        path += size;
        place->ends_in_slash = *path == '/';
        path += place->ends_in_slash;
    }
    return result;
}

/* The same, for something that has to exist. */
static int find_node(const struct sim_state *state, const char *path, struct place *place)
{
    int result = find_place(state, path, place);

    if (result == 0 && !place->node)
        return -ENOENT;
    if (result == 0 && place->ends_in_slash && !sim_is_folder(place->node))
        return -ENOTDIR;
    return result;
}

/* ---- descriptors ---- */

static struct sim_descriptor *descriptor_of(const struct sim_disk *disk, int fd)
{
    size_t index = (size_t)(fd - FIRST_FD);

    if (fd < FIRST_FD || index >= disk->file_count || disk->files[index].file == 0)
        return NULL;
    return &disk->files[index];
}

static int add_descriptor(struct sim_disk *disk, const struct sim_node *node, const char *path,
                          int flags)
{
    size_t index = 0;

    while (index < disk->file_count && disk->files[index].file != 0)
        index++;
    if (index == disk->file_count)
        disk->files = sim_realloc(disk->files, ++disk->file_count * sizeof *disk->files);
    disk->files[index] = (struct sim_descriptor){
        .file = node->id,
        .flags = flags,
        .path = sim_strdup(path),
    };
    return FIRST_FD + (int)index;
}

/* Finds what CALL on FD needs, and whether it is to fail. */
static int begin(struct sim_disk *disk, uint32_t call, int fd, struct sim_descriptor **file,
                 size_t *size)
{
    *file = descriptor_of(disk, fd);
    if (!*file)
        return -EBADF;
    return sim_strikes(disk, call, (*file)->path, NULL, size);
}

/* ---- open and close ---- */

static int writes(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

/* What the disk does not simulate, and so does not pretend to do. */
static int unknown(int flags)
{
    return (flags & (O_DIRECT | O_DSYNC | O_SYNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE ||
           (flags & O_PATH) != 0;
}

static int check_existing(const struct place *place, int flags)
{
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (!sim_is_folder(place->node))
        return place->ends_in_slash || (flags & O_DIRECTORY) ? -ENOTDIR : 0;
    return writes(flags) || (flags & O_CREAT) ? -EISDIR : 0;
}

/* Makes what NAME of a folder leads to. */
static void create(struct sim_disk *disk, struct place *place, uint32_t mode)
{
    uint64_t id = disk->state.node_count;

    sim_do(disk, &(struct sim_op){
                     .kind = SIM_OP_CREATE,
                     .file = id,
                     .folder = place->folder->id,
                     .name = place->name,
                     .mode = mode,
                 });
    place->node = sim_node_of(&disk->state, id);
}

static int open_place(struct sim_disk *disk, struct place *place, int flags, uint32_t mode)
{
    if ((flags & O_CREAT) && place->ends_in_slash)
        return -EISDIR;
    if (!place->node) {
        if ((flags & O_CREAT) == 0)
            return -ENOENT;
        create(disk, place, S_IFREG | (mode & 07777));
        return 0;
    }
    int result = check_existing(place, flags);
    if (result == 0 && (flags & O_TRUNC) && writes(flags) && place->node->cache.size > 0)
        sim_do(disk, &(struct sim_op){.kind = SIM_OP_TRUNCATE, .file = place->node->id});
    return result;
}

static int io_open(void *self, const char *path, int flags, uint32_t mode)
{
    struct sim_disk *disk = self;
    struct place place;
    uint32_t call = SIM_CALL_OPEN;

    if (unknown(flags))
        return -EINVAL;
    if (writes(flags) || (flags & (O_CREAT | O_TRUNC)))
        call |= SIM_CALL_OPEN_TO_CHANGE;
    pthread_mutex_lock(&disk->lock);
    int result = sim_strikes(disk, call, path, NULL, NULL);
    if (result == 0)
        result = find_place(&disk->state, path, &place);
    if (result == 0)
        result = open_place(disk, &place, flags, mode);
    if (result == 0)
        result = add_descriptor(disk, place.node, path, flags);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static int io_close(void *self, int fd)
{
    struct sim_disk *disk = self;
    struct sim_descriptor *file;

    pthread_mutex_lock(&disk->lock);
    int result = begin(disk, SIM_CALL_CLOSE, fd, &file, NULL);
    if (file) {
        free(file->path);
        *file = (struct sim_descriptor){0};
    }
    pthread_mutex_unlock(&disk->lock);
    return result;
}

/* ---- bytes ---- */

/* OFFSET -1: at the position of the descriptor, which moves on. */
static int64_t read_locked(struct sim_disk *disk, int fd, void *data, size_t size, int64_t offset)
{
    struct sim_descriptor *file;
    int result = begin(disk, SIM_CALL_READ, fd, &file, &size);

    if (result < 0)
        return result;
    const struct sim_node *node = sim_node_of(&disk->state, file->file);
    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (sim_is_folder(node))
        return -EISDIR;
    int64_t at = offset < 0 ? file->position : offset;
    int64_t left = node->cache.size > at ? node->cache.size - at : 0;
    if ((int64_t)size > left)
        size = (size_t)left;
    sim_bytes_read(&node->cache, data, size, at);
    if (offset < 0)
        file->position += (int64_t)size;
    return (int64_t)size;
}

static int64_t io_read(void *self, int fd, void *data, size_t size)
{
    struct sim_disk *disk = self;

    pthread_mutex_lock(&disk->lock);
    int64_t result = read_locked(disk, fd, data, size, -1);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static int64_t io_pread(void *self, int fd, void *data, size_t size, int64_t offset)
{
    struct sim_disk *disk = self;

    if (offset < 0)
        return -EINVAL;
    pthread_mutex_lock(&disk->lock);
    int64_t result = read_locked(disk, fd, data, size, offset);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static int64_t write_locked(struct sim_disk *disk, int fd, const void *data, size_t size,
                            int64_t offset)
{
    struct sim_descriptor *file;
    int result = begin(disk, SIM_CALL_WRITE, fd, &file, &size);

    if (result < 0)
        return result;
    if (!writes(file->flags))
        return -EBADF;
    const struct sim_bytes *bytes = &sim_node_of(&disk->state, file->file)->cache;
    int64_t at = offset < 0 ? file->position : offset;
    if (file->flags & O_APPEND)
        at = bytes->size; /* Linux does so for pwrite, too */
    if (at > SIM_BYTES_MAX - (int64_t)size)
        return -EFBIG;
    size_t fits = sim_room_for(disk, bytes, size, at);
    if (fits == 0)
        return size > 0 ? -ENOSPC : 0;
    sim_do(disk, &(struct sim_op){
                     .kind = SIM_OP_WRITE,
                     .file = file->file,
                     .offset = at,
                     .size = fits,
                     .data = data,
                 });
    if (offset < 0)
        file->position = at + (int64_t)fits;
    return (int64_t)fits;
}

static int64_t io_write(void *self, int fd, const void *data, size_t size)
{
    struct sim_disk *disk = self;

    pthread_mutex_lock(&disk->lock);
    int64_t result = write_locked(disk, fd, data, size, -1);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static int64_t io_pwrite(void *self, int fd, const void *data, size_t size, int64_t offset)
{
    struct sim_disk *disk = self;

    if (offset < 0)
        return -EINVAL;
    pthread_mutex_lock(&disk->lock);
    int64_t result = write_locked(disk, fd, data, size, offset);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

/* One write of all parts, as the system makes it. */
static int64_t io_pwritev(void *self, int fd, const struct iovec *parts, int count, int64_t offset)
{
    size_t size = 0;
    size_t done = 0;

    if (count < 0 || count > PARTS_MAX)
        return -EINVAL;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    uint8_t *data = sim_alloc(size);
    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len > 0)
            memcpy(data + done, parts[i].iov_base, parts[i].iov_len);
        done += parts[i].iov_len;
    }
    int64_t result = io_pwrite(self, fd, data, size, offset);
    free(data);
    return result;
}

static int io_ftruncate(void *self, int fd, int64_t size)
{
    struct sim_disk *disk = self;
    struct sim_descriptor *file;

    pthread_mutex_lock(&disk->lock);
    int result = begin(disk, SIM_CALL_TRUNCATE, fd, &file, NULL);
    if (result == 0 && (size < 0 || !writes(file->flags)))
        result = -EINVAL;
    if (result == 0 && size > SIM_BYTES_MAX)
        result = -EFBIG;
    if (result == 0) {
        sim_do(disk, &(struct sim_op){
                         .kind = SIM_OP_TRUNCATE,
                         .file = file->file,
                         .size = (uint64_t)size,
                     });
    }
    pthread_mutex_unlock(&disk->lock);
    return result;
}

/* ---- sync and lock ---- */

/* What a sync is to do, decided when it begins and done when it ends. */
static int begin_sync(struct sim_disk *disk, int fd, struct sim_op *op)
{
    struct sim_descriptor *file;
    int result = begin(disk, SIM_CALL_SYNC, fd, &file, NULL);

    *op = (struct sim_op){.kind = SIM_OP_SYNC, .value = disk->state.time};
    if (file)
        op->file = file->file;
    if (file && result < 0) {
        op->kind = SIM_OP_LOSS;
        op->loss = result == -EINTR ? SIM_KEPT : disk->fault.loss;
        op->seed = disk->fault.seed;
    }
    return result;
}

static int io_fdatasync(void *self, int fd)
{
    struct sim_disk *disk = self;
    struct sim_op op;

    pthread_mutex_lock(&disk->lock);
    int result = begin_sync(disk, fd, &op);
    void (*during)(void *arg) = disk->during_sync;
    void *arg = disk->during_sync_arg;
    pthread_mutex_unlock(&disk->lock);
    if (op.file == 0)
        return result;
    if (during)
        during(arg);
    pthread_mutex_lock(&disk->lock);
    sim_do(disk, &op);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

void sim_disk_on_sync(struct sim_disk *disk, void (*during)(void *arg), void *arg)
{
    pthread_mutex_lock(&disk->lock);
    disk->during_sync = during;
    disk->during_sync_arg = arg;
    pthread_mutex_unlock(&disk->lock);
}

/* Nobody else is there to have the lock. */
static int io_lock(void *self, int fd)
{
    struct sim_disk *disk = self;
    struct sim_descriptor *file;

    pthread_mutex_lock(&disk->lock);
    int result = begin(disk, SIM_CALL_LOCK, fd, &file, NULL);
    if (result == 0 && !writes(file->flags))
        result = -EBADF;
    pthread_mutex_unlock(&disk->lock);
    return result;
}

/* ---- what is there ---- */

static void fill_stat(const struct sim_node *node, struct stat *out)
{
    *out = (struct stat){
        .st_dev = 1,
        .st_ino = (ino_t)node->id,
        .st_mode = (mode_t)node->mode,
        .st_nlink = 1,
        .st_size = (off_t)node->cache.size,
        .st_blksize = BLOCK,
        .st_blocks = (blkcnt_t)sim_bytes_sectors(&node->cache),
    };
}

static int io_fstat(void *self, int fd, struct stat *out)
{
    struct sim_disk *disk = self;
    struct sim_descriptor *file;

    pthread_mutex_lock(&disk->lock);
    int result = begin(disk, SIM_CALL_STAT, fd, &file, NULL);
    if (result == 0)
        fill_stat(sim_node_of(&disk->state, file->file), out);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

/* Finds what is at PATH, for a call that only looks. */
static int look(struct sim_disk *disk, uint32_t call, const char *path, struct place *place)
{
    int result = sim_strikes(disk, call, path, NULL, NULL);

    return result < 0 ? result : find_node(&disk->state, path, place);
}

static int io_stat(void *self, const char *path, struct stat *out)
{
    struct sim_disk *disk = self;
    struct place place;

    pthread_mutex_lock(&disk->lock);
    int result = look(disk, SIM_CALL_STAT, path, &place);
    if (result == 0)
        fill_stat(place.node, out);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static int io_free_space(void *self, const char *path, uint64_t *bytes)
{
    struct sim_disk *disk = self;
    struct place place;

    pthread_mutex_lock(&disk->lock);
    int result = look(disk, SIM_CALL_FREE_SPACE, path, &place);
    if (result == 0)
        *bytes = sim_room_left(disk);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static uint64_t order_of(const struct sim_entry *entry)
{
    uint64_t hash = 0;

    for (const char *c = entry->name; *c; c++)
        hash = sim_luck(hash, (uint8_t)*c);
    return hash;
}

static int by_order(const void *a, const void *b)
{
    uint64_t first = order_of(a);
    uint64_t second = order_of(b);

    return first < second ? -1 : first > second;
}

/* A copy, in an order that nobody should rely on. */
static int copy_entries(struct sim_disk *disk, const char *path, struct sim_entries *entries)
{
    struct place place;

    pthread_mutex_lock(&disk->lock);
    int result = look(disk, SIM_CALL_LIST, path, &place);
    if (result == 0 && !sim_is_folder(place.node))
        result = -ENOTDIR;
    if (result == 0)
        sim_entries_assign(entries, &place.node->entries);
    pthread_mutex_unlock(&disk->lock);
    if (entries->count > 1)
        qsort(entries->items, entries->count, sizeof *entries->items, by_order);
    return result;
}

/* The simulated process is the only one. */
static int io_is_written(void *self, int fd)
{
    return 0;
}

static int io_list(void *self, const char *path, int (*each)(void *arg, const char *name),
                   void *arg)
{
    struct sim_entries entries = {0};
    int result = copy_entries(self, path, &entries);

    for (size_t i = 0; result == 0 && i < entries.count; i++)
        result = each(arg, entries.items[i].name);
    sim_entries_free(&entries);
    return result;
}

/* ---- names ---- */

static int io_mkdir(void *self, const char *path, uint32_t mode)
{
    struct sim_disk *disk = self;
    struct place place;

    pthread_mutex_lock(&disk->lock);
    int result = sim_strikes(disk, SIM_CALL_MKDIR, path, NULL, NULL);
    if (result == 0)
        result = find_place(&disk->state, path, &place);
    if (result == 0 && place.node)
        result = -EEXIST;
    if (result == 0)
        create(disk, &place, S_IFDIR | (mode & 07777));
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static int io_unlink(void *self, const char *path)
{
    struct sim_disk *disk = self;
    struct place place;

    pthread_mutex_lock(&disk->lock);
    int result = look(disk, SIM_CALL_UNLINK, path, &place);
    if (result == 0 && sim_is_folder(place.node))
        result = -EISDIR;
    if (result == 0) {
        sim_do(disk, &(struct sim_op){
                         .kind = SIM_OP_UNLINK,
                         .file = place.node->id,
                         .folder = place.folder->id,
                         .name = place.name,
                     });
    }
    pthread_mutex_unlock(&disk->lock);
    return result;
}

/* Whether FOLDER is NODE or lies below it. */
static int lies_below(const struct sim_state *state, const struct sim_node *folder,
                      const struct sim_node *node)
{
    if (folder == node)
        return 1;
    for (size_t i = 0; sim_is_folder(node) && i < node->entries.count; i++) {
        if (lies_below(state, folder, sim_node_of(state, node->entries.items[i].file)))
            return 1;
    }
    return 0;
}

/* In the order of Linux. */
static int check_rename(const struct sim_state *state, const struct place *from,
                        const struct place *to, uint32_t flags)
{
    const struct sim_node *old = to->node;
    int of_folder = sim_is_folder(from->node);

    if (!from->folder || !to->folder)
        return -EBUSY;
    if (old && (flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (!of_folder && (from->ends_in_slash || to->ends_in_slash))
        return -ENOTDIR;
    if (of_folder && lies_below(state, to->folder, from->node))
        return -EINVAL;
    if (!old || old == from->node)
        return 0;
    if (lies_below(state, from->folder, old))
        return -ENOTEMPTY;
    if (of_folder != sim_is_folder(old))
        return of_folder ? -ENOTDIR : -EISDIR;
    return of_folder && old->entries.count > 0 ? -ENOTEMPTY : 0;
}

static int rename_locked(struct sim_disk *disk, const char *from_path, const char *to_path,
                         uint32_t flags)
{
    struct place from;
    struct place to;
    int result = find_place(&disk->state, from_path, &from);

    if (result == 0)
        result = find_place(&disk->state, to_path, &to);
    if (result == 0 && !from.node)
        result = -ENOENT;
    if (result == 0)
        result = check_rename(&disk->state, &from, &to, flags);
    if (result < 0 || to.node == from.node)
        return result;
    sim_do(disk, &(struct sim_op){
                     .kind = SIM_OP_RENAME,
                     .file = from.node->id,
                     .folder = from.folder->id,
                     .name = from.name,
                     .to_folder = to.folder->id,
                     .to = to.name,
                 });
    return 0;
}

static int io_renameat2(void *self, const char *from, const char *to, uint32_t flags)
{
    struct sim_disk *disk = self;

    if (flags & ~(uint32_t)RENAME_NOREPLACE)
        return -EINVAL;
    pthread_mutex_lock(&disk->lock);
    int result = sim_strikes(disk, SIM_CALL_RENAME, from, to, NULL);
    if (result == 0)
        result = rename_locked(disk, from, to, flags);
    pthread_mutex_unlock(&disk->lock);
    return result;
}

static int io_rename(void *self, const char *from, const char *to)
{
    return io_renameat2(self, from, to, 0);
}

/* There are no times. */
static int io_birth(void *self, int fd, int64_t *ns)
{
    (void)self;
    (void)fd;
    (void)ns;
    return -ENOTSUP;
}

const struct fl_io sim_io = {
    .open = io_open,
    .close = io_close,
    .read = io_read,
    .pread = io_pread,
    .write = io_write,
    .pwrite = io_pwrite,
    .fdatasync = io_fdatasync,
    .ftruncate = io_ftruncate,
    .fstat = io_fstat,
    .stat = io_stat,
    .rename = io_rename,
    .renameat2 = io_renameat2,
    .unlink = io_unlink,
    .mkdir = io_mkdir,
    .pwritev = io_pwritev,
    .lock = io_lock,
    .free_space = io_free_space,
    .list = io_list,
    .birth = io_birth,
    .is_written = io_is_written,
};
