/* SPDX-License-Identifier: Apache-2.0 */

/* What goes wrong on the simulated disk: calls that are to fail, and a disk that is full. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_inner.h"

#define MUCH ((uint64_t)1 << 40) /* free on a disk without a limit */

void sim_disk_fail(struct sim_disk *disk, const struct sim_fault *fault)
{
    pthread_mutex_lock(&disk->lock);
    free(disk->fault_below);
    disk->fault_below = fault && fault->below ? sim_strdup(fault->below) : NULL;
    disk->fault = fault ? *fault : (struct sim_fault){0};
    disk->fault_calls = 0;
    disk->failures = 0;
    pthread_mutex_unlock(&disk->lock);
}

uint64_t sim_disk_failures(struct sim_disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    uint64_t failures = disk->failures;
    pthread_mutex_unlock(&disk->lock);
    return failures;
}

static int is_below(const char *folder, const char *path)
{
    size_t size = strlen(folder);

    while (size > 0 && folder[size - 1] == '/')
        size--;
    return path && strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

static int counts(const struct sim_disk *disk, uint32_t call, const char *path, const char *other)
{
    const struct sim_fault *fault = &disk->fault;

    if (fault->at == 0 || (fault->calls != 0 && (fault->calls & call) == 0))
        return 0;
    if (fault->error == 0 && (call & (SIM_CALL_READ | SIM_CALL_WRITE)) == 0)
        return 0;
    return !disk->fault_below || is_below(disk->fault_below, path) ||
           is_below(disk->fault_below, other);
}

int sim_strikes(struct sim_disk *disk, uint32_t call, const char *path, const char *other,
                size_t *size)
{
    const struct sim_fault *fault = &disk->fault;

    if (!counts(disk, call, path, other))
        return 0;
    disk->fault_calls++;
    if (disk->fault_calls < fault->at || (disk->fault_calls > fault->at && !fault->lasts))
        return 0;
    disk->failures++;
    if (fault->error == 0 && *size > fault->bytes)
        *size = fault->bytes;
    return -fault->error;
}

/* ---- room ---- */

void sim_disk_set_room(struct sim_disk *disk, uint64_t bytes)
{
    pthread_mutex_lock(&disk->lock);
    disk->room = bytes;
    pthread_mutex_unlock(&disk->lock);
}

static uint64_t used_sectors(const struct sim_disk *disk)
{
    uint8_t *named = sim_state_named(&disk->state, 0);
    uint64_t sectors = 0;

    for (size_t i = 0; i < disk->file_count; i++)
        named[disk->files[i].file] = 1;
    for (uint64_t id = 0; id < disk->state.node_count; id++) {
        if (named[id] && disk->state.nodes[id])
            sectors += sim_bytes_sectors(&disk->state.nodes[id]->cache);
    }
    free(named);
    return sectors;
}

uint64_t sim_room_left(const struct sim_disk *disk)
{
    if (disk->room == UINT64_MAX)
        return MUCH;
    uint64_t used = used_sectors(disk) * SIM_SECTOR;
    return disk->room > used ? disk->room - used : 0;
}

size_t sim_room_for(const struct sim_disk *disk, const struct sim_bytes *bytes, size_t size,
                    int64_t offset)
{
    int64_t end = offset + (int64_t)size;

    if (disk->room == UINT64_MAX)
        return size;
    uint64_t left = sim_room_left(disk) / SIM_SECTOR;
    for (int64_t sector = offset / SIM_SECTOR; sector * SIM_SECTOR < end; sector++) {
        if (sim_bytes_has(bytes, sector))
            continue;
        if (left-- == 0)
            return sector * SIM_SECTOR > offset ? (size_t)(sector * SIM_SECTOR - offset) : 0;
    }
    return size;
}
