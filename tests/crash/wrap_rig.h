/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CRASH_WRAP_RIG_H
#define TESTS_CRASH_WRAP_RIG_H

/* A log of texts that is compressed, encrypted or both, and its bytes on the simulated disk.  Every
 * fault of a helper fails the test. */

#include "log_world.h"

#define SECRET "SECRET"
#define FIRST_SEGMENT "/data0/segment-0000000000000001"

struct wrap_rig {
    struct world world;
    uint32_t put, taken; /* events so far */
};

/* An open store in one folder, wrapped in this WAY: see world_wrap. */
void wrap_rig_up(struct wrap_rig *rig, const char *way);
void wrap_rig_down(struct wrap_rig *rig);

void wrap_rig_open(struct wrap_rig *rig);
void wrap_rig_close(struct wrap_rig *rig);

/* Opening fails with CODE and a message that holds PART. */
void wrap_rig_refuse(struct wrap_rig *rig, int code, const char *part);

/* Encrypts with the key ACTIVE from the next opening on. */
void wrap_rig_activate(struct wrap_rig *rig, const char *active);

/* Puts COUNT events whose bodies and headers begin with SECRET, each of one size, and where the
 * source was, in a file whose name does so too. */
void wrap_rig_put(struct wrap_rig *rig, uint32_t count);
int wrap_rig_try_put(struct wrap_rig *rig, uint32_t count, flow_error **err);

/* Takes COUNT events away, which are the next ones that were put, with a mark of a sink whose name
 * is SECRET. */
void wrap_rig_take(struct wrap_rig *rig, uint32_t count);

/* Reads what is there without taking it away: all that was put and not taken.  Returns an error
 * instead, and what is read before is right. */
flow_error *wrap_rig_read(struct wrap_rig *rig);
void wrap_rig_check(struct wrap_rig *rig);

/* All bytes of a file, which the test frees. */
struct fl_buf wrap_rig_load(struct wrap_rig *rig, const char *path);
void wrap_rig_poke(struct wrap_rig *rig, const char *path, uint64_t at, const void *bytes,
                   size_t size);

/* The place of the frame INDEX, from 0, of a type in the first segment. */
uint64_t wrap_rig_find(struct wrap_rig *rig, unsigned type, unsigned index, struct fl_frame *frame);

/* Writes FRAME and the bytes of its payload there, with their checksums. */
void wrap_rig_forge(struct wrap_rig *rig, uint64_t at, struct fl_frame *frame,
                    const uint8_t *payload);

#endif
