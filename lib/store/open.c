/* SPDX-License-Identifier: Apache-2.0 */

/* Opening and closing a store. */

#include <string.h>

#include "base/error.h"
#include "core/context.h"
#include "core/library.h"
#include "store/store_inner.h"

#define FOLDER_MODE 0777

static int lock_folder(struct fl_store *store, const char *folder, flow_error **err)
{
    struct fl_folder_lock lock;
    int rc = fl_folder_make_durable(store->env.io, folder, FOLDER_MODE, err);

    if (!rc)
        rc = fl_folder_lock(&store->env, folder, &lock, err);
    if (rc)
        return rc;
    if (fl_vec_push(&store->locks, &lock))
        return FLOW_OK;
    fl_folder_unlock(&store->env, &lock);
    return fl_error_nomem(err);
}

static int copy_text(const struct fl_store *store, const char **text)
{
    if (*text)
        *text = fl_strdup(store->env.mem, *text);
    return *text ? FLOW_OK : FLOW_ENOMEM;
}

static int copy_options(struct fl_store *store, const struct fl_store_options *options)
{
    store->options = *options;
    store->options.folders = NULL; /* the stripes have them */
    int rc = copy_text(store, &store->options.control);
    if (!rc && options->backup)
        rc = copy_text(store, &store->options.backup);
    else if (rc)
        store->options.backup = NULL;
    return rc;
}

static int make_stripes(struct fl_store *store, const struct fl_store_options *options)
{
    size_t count = options->folder_count;

    store->stripes = fl_calloc(store->env.mem, count, sizeof *store->stripes);
    if (!store->stripes)
        return FLOW_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (fl_stripe_init(&store->stripes[i], &store->env, options->folders[i], (uint32_t)i,
                           (uint32_t)count))
            return FLOW_ENOMEM;
        store->stripe_count++;
    }
    return FLOW_OK;
}

static void no_nudge(void *self)
{
    (void)self;
}

static void init_env(struct fl_store *store, const struct fl_store_options *options)
{
    flow_library *lib = flow_context_library(options->ctx);
    struct fl_store_env *env = &store->env;

    env->ctx = options->ctx;
    env->mem = flow_library_allocator(lib);
    env->io = options->io;
    env->pool = lib->pool;
    env->segment_size = options->segment_size;
    env->required_space = options->required_space;
    env->lazy = options->sync_ms > 0;
    env->level = options->level;
    env->sealing = options->sealing;
    env->nudge = no_nudge;
    atomic_init(&env->next_epoch, 1);
}

/* A store without folders. */
static struct fl_store *store_new(const struct fl_store_options *options)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(options->ctx));
    struct fl_store *store = fl_zalloc(mem, sizeof *store);

    if (!store)
        return NULL;
    init_env(store, options);
    store->pending_end = &store->pending;
    store->recent.most = options->memory;
    store->next_id = 1;
    fl_stash_init(&store->workspaces);
    fl_vec_init(&store->locks, mem, sizeof(struct fl_folder_lock));
    fl_vec_init(&store->lives, mem, sizeof(struct fl_life));
    if (!fl_lock_init(&store->lock)) {
        if (!fl_lock_init(&store->checkpoint_lock)) {
            if (!fl_gate_init(&store->keeper.gate)) {
                if (!fl_positions_init(&store->positions, mem)) {
                    if (!fl_spans_init(&store->spans, mem))
                        return store;
                    fl_positions_free(&store->positions);
                }
                fl_gate_destroy(&store->keeper.gate);
            }
            fl_lock_destroy(&store->checkpoint_lock);
        }
        fl_lock_destroy(&store->lock);
    }
    fl_free(mem, store);
    return NULL;
}

static void free_workspaces(struct fl_store *store)
{
    for (struct fl_workspace *w; (w = fl_stash_take(&store->workspaces)) != NULL;)
        fl_workspace_free(store, w);
}

static void free_cursors(struct fl_cursor *first)
{
    for (struct fl_cursor *next; first; first = next) {
        next = first->next_cursor;
        fl_cursor_free(first);
    }
}

static void store_free(struct fl_store *store)
{
    const flow_allocator *mem = store->env.mem;

    free_cursors(store->cursors);
    free_cursors(store->removed);
    fl_recent_free(&store->recent);
    for (size_t i = 0; i < store->stripe_count; i++)
        fl_stripe_destroy(&store->stripes[i]);
    for (size_t i = 0; i < store->locks.count; i++)
        fl_folder_unlock(&store->env, fl_vec_at(&store->locks, i));
    free_workspaces(store);
    fl_vec_free(&store->locks);
    fl_vec_free(&store->lives);
    fl_free(mem, store->stripes);
    fl_free(mem, (void *)(uintptr_t)store->options.control);
    fl_free(mem, (void *)(uintptr_t)store->options.backup);
    fl_spans_free(&store->spans);
    fl_positions_free(&store->positions);
    fl_gate_destroy(&store->keeper.gate);
    fl_lock_destroy(&store->checkpoint_lock);
    fl_lock_destroy(&store->lock);
    fl_free(mem, store);
}

static int lock_folders(struct fl_store *store, const struct fl_store_options *options,
                        flow_error **err)
{
    int rc = lock_folder(store, options->control, err);

    if (!rc && options->backup)
        rc = lock_folder(store, options->backup, err);
    for (size_t i = 0; i < options->folder_count && !rc; i++)
        rc = lock_folder(store, options->folders[i], err);
    return rc;
}

int fl_store_open(const struct fl_store_options *options, struct fl_store **store,
                  flow_error **err)
{
    struct fl_store *made = store_new(options);

    if (!made)
        return fl_error_nomem(err);
    int rc = copy_options(made, options) || make_stripes(made, options) ? fl_error_nomem(err)
                                                                       : FLOW_OK;
    if (!rc)
        rc = lock_folders(made, options, err);
    if (!rc)
        rc = fl_store_recover(made, err);
    made->keeper.failures = flow_context_counter(options->ctx, "CheckpointWriteErrorCount");
    flow_context_counter(options->ctx, "EventDamagedCount"); /* seen before it counts */
    if (!rc)
        rc = fl_keeper_start(made, err);
    if (rc) {
        fl_keeper_stop(made);
        store_free(made);
        made = NULL;
    }
    *store = made;
    return rc;
}

int fl_store_close(struct fl_store *store, flow_error **err)
{
    fl_keeper_stop(store);
    int rc = FLOW_OK;
    if (store->options.checkpoint_on_close &&
        (store->generation == 0 || atomic_load(&store->keeper.changes) != store->keeper.seen))
        rc = fl_store_checkpoint(store, 1, err);
    store_free(store);
    return rc;
}
