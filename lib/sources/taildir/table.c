/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The files that are known, by inode.  Those of one inode on several devices hang together: Flume's
 * positions name no device, and the numbers of devices may change when a machine starts.
 */

#include "sources/taildir/taildir.h"

#include <inttypes.h>
#include <stdio.h>

#define KEY_SIZE 20

static void key_of(char key[KEY_SIZE], uint64_t inode)
{
    snprintf(key, KEY_SIZE, "%" PRIx64, inode);
}

void tail_table_init(struct tail_table *table, const flow_allocator *mem)
{
    table->mem = mem;
    fl_vec_init(&table->files, mem, sizeof(struct tail_file *));
    fl_map_init(&table->by_inode, mem);
}

static void free_file(struct tail_table *table, const struct fl_io *io, struct tail_file *file)
{
    fl_file_close(io, file->fd);
    fl_free(table->mem, file->path);
    fl_free(table->mem, file);
}

void tail_table_clear(struct tail_table *table, const struct fl_io *io)
{
    for (size_t i = 0; i < table->files.count; i++)
        free_file(table, io, *(struct tail_file **)fl_vec_at(&table->files, i));
    table->files.count = 0;
    fl_map_free(&table->by_inode);
    fl_map_init(&table->by_inode, table->mem);
}

void tail_table_free(struct tail_table *table)
{
    fl_vec_free(&table->files);
    fl_map_free(&table->by_inode);
}

struct tail_file *tail_table_find(const struct tail_table *table, uint64_t dev, uint64_t inode)
{
    char key[KEY_SIZE];
    struct tail_file *unknown = NULL;

    key_of(key, inode);
    struct tail_file *file = fl_map_get(&table->by_inode, key);
    for (; file && file->dev != dev && dev != 0; file = file->same_inode)
        unknown = file->group == NULL ? file : unknown;
    return file ? file : unknown;
}

/* Puts FILE into the list of its inode. */
static int link_file(struct tail_table *table, struct tail_file *file)
{
    char key[KEY_SIZE];

    key_of(key, file->inode);
    file->same_inode = fl_map_get(&table->by_inode, key);
    return fl_map_put(&table->by_inode, key, file);
}

struct tail_file *tail_table_add(struct tail_table *table, uint64_t dev, uint64_t inode,
                                 const char *path)
{
    struct tail_file *file = fl_zalloc(table->mem, sizeof *file);

    if (!file)
        return NULL;
    file->dev = dev;
    file->inode = inode;
    file->fd = -1;
    file->read_size = -1;
    file->path = fl_strdup(table->mem, path);
    if (file->path && fl_vec_push(&table->files, &file)) {
        if (link_file(table, file) == FLOW_OK)
            return file;
        table->files.count--;
    }
    fl_free(table->mem, file->path);
    fl_free(table->mem, file);
    return NULL;
}

static void unlink_file(struct tail_table *table, const struct tail_file *file)
{
    char key[KEY_SIZE];

    key_of(key, file->inode);
    struct tail_file *at = fl_map_get(&table->by_inode, key);
    if (at != file) {
        while (at->same_inode != file)
            at = at->same_inode;
        at->same_inode = file->same_inode;
    } else if (file->same_inode) {
        (void)fl_map_put(&table->by_inode, key, file->same_inode); /* replaces: needs no memory */
    } else {
        (void)fl_map_remove(&table->by_inode, key);
    }
}

void tail_table_drop(struct tail_table *table, const struct fl_io *io, struct tail_file *file)
{
    size_t at = 0;

    while (*(struct tail_file **)fl_vec_at(&table->files, at) != file)
        at++;
    fl_vec_remove(&table->files, at);
    unlink_file(table, file);
    free_file(table, io, file);
}
