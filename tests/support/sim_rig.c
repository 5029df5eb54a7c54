/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sim_bytes.h"
#include "sim_rig.h"

int sim_make(const struct fl_io *io, const char *path)
{
    int fd;

    ck_assert_int_eq(fl_file_open(io, path, O_RDWR | O_CREAT, 0600, &fd, NULL), FLOW_OK);
    return fd;
}

void sim_sync(const struct sim_rig *rig)
{
    ck_assert_int_eq(rig->io->fdatasync(rig->io->self, rig->fd), 0);
}

void sim_sync_folder(const struct sim_rig *rig, const char *path)
{
    ck_assert_int_eq(fl_folder_sync(rig->io, path, NULL), FLOW_OK);
}

struct sim_rig sim_rig_make(void)
{
    struct sim_rig rig = {.disk = sim_disk_new()};

    rig.io = sim_disk_io(rig.disk);
    rig.fd = sim_make(rig.io, "/file");
    sim_sync_folder(&rig, "/");
    return rig;
}

void sim_rig_free(struct sim_rig *rig)
{
    sim_disk_free(rig->disk);
}

void sim_put(const struct sim_rig *rig, char letter, int sector, int count)
{
    char data[16 * SIM_SECTOR];

    memset(data, letter, sizeof data);
    ck_assert_int_eq(rig->io->pwrite(rig->io->self, rig->fd, data, (size_t)count * SIM_SECTOR,
                                     (int64_t)sector * SIM_SECTOR),
                     count * SIM_SECTOR);
}

int64_t sim_load(struct sim_disk *disk, const char *path, uint8_t *data, size_t size)
{
    const struct fl_io *io = sim_disk_io(disk);
    int fd = io->open(io->self, path, O_RDONLY, 0);
    int64_t got = fd < 0 ? -1 : io->pread(io->self, fd, data, size, 0);

    fl_file_close(io, fd);
    return got;
}

const char *sim_letters(struct sim_disk *disk, const char *path, char room[64])
{
    uint8_t data[20 * SIM_SECTOR];
    int64_t size = sim_load(disk, path, data, sizeof data);
    size_t count = 0;

    if (size < 0)
        return strcpy(room, "gone");
    for (int64_t at = 0; at < size; at += SIM_SECTOR) {
        for (int64_t i = at; i < size && i < at + SIM_SECTOR; i++) {
            if (data[i] != data[at])
                ck_abort_msg("a sector of two letters");
        }
        room[count++] = data[at] ? (char)data[at] : '0';
    }
    room[count] = '\0';
    return room;
}

const char *sim_after_crash(const struct sim_rig *rig, enum sim_mode mode, uint64_t seed,
                            char room[64])
{
    struct sim_disk *image = sim_disk_crash(rig->disk, mode, seed);

    sim_letters(image, "/file", room);
    sim_disk_free(image);
    return room;
}

void sim_assert_always(const struct sim_rig *rig, const char *wanted)
{
    char room[64];

    for (uint64_t seed = 0; seed < SIM_SEEDS; seed++)
        ck_assert_str_eq(sim_after_crash(rig, (enum sim_mode)(seed % SIM_MODES), seed, room),
                         wanted);
}

void sim_fail_sync(const struct sim_rig *rig, enum sim_loss loss, uint64_t seed)
{
    struct sim_fault fault = {.calls = SIM_CALL_SYNC, .at = 1, .error = EIO, .loss = loss};

    fault.seed = seed;
    sim_disk_fail(rig->disk, &fault);
    ck_assert_int_eq(rig->io->fdatasync(rig->io->self, rig->fd), -EIO);
    sim_disk_fail(rig->disk, NULL);
}
