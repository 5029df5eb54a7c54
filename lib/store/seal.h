/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_SEAL_H
#define FL_STORE_SEAL_H

/*
 * Which keys a store encrypts with.  Each segment, and each writing of a control file, has a key of
 * its own, made of one that has a name and of a salt, at random, that stands in the file.  So no
 * nonce comes twice with one key, whatever is written again, recycled, copied or forgotten in a
 * crash.
 */

#include "store/gcm.h"

#define FL_SEAL_FRONT 512u /* bytes that say how a key is made */
#define FL_SEAL_SALT 32u
#define FL_SEAL_CHECK 16u
#define FL_SEAL_NAME 255u
#define FL_SEAL_TAG FL_GCM_TAG

/* How a file's key is made. */
struct fl_seal_front {
    uint64_t owner; /* the segment's epoch, or the generation of a control file */
    uint32_t key_size;
    uint8_t salt[FL_SEAL_SALT];
    uint8_t check[FL_SEAL_CHECK]; /* made of the same, so that a wrong key is told from damage */
    char name[FL_SEAL_NAME + 1];  /* of the key it is made of; "": there is none */
};

void fl_seal_front_write(const struct fl_seal_front *front, uint8_t out[FL_SEAL_FRONT]);

/* 1 when IN is whole. */
int fl_seal_front_read(const uint8_t *in, struct fl_seal_front *front);

/* What a store has for that; may be used by many threads. */
struct fl_sealing;

/*
 * ACTIVE is the name of the key for what is written, or NULL: nothing is.  The provider must
 * outlive it.  Errors: FLOW_ENOENT and FLOW_EABI of libcrypto; FLOW_ECONFIG when there is no such
 * key.
 */
int fl_sealing_open(const flow_allocator *mem, const struct fl_key_provider *provider,
                    const char *active, struct fl_sealing **sealing, flow_error **err);
void fl_sealing_close(struct fl_sealing *sealing); /* NULL is allowed */

/* Whether what is written is to be encrypted; SEALING may be NULL. */
int fl_sealing_is_active(const struct fl_sealing *sealing);

/* Makes a key for OWNER of the active one and says in FRONT how. */
int fl_seal_begin(const struct fl_sealing *sealing, uint64_t owner, struct fl_seal_front *front,
                  struct fl_gcm **gcm, flow_error **err);

/* Makes the key of FRONT, which stands in the file PATH, again.  FLOW_ECONFIG, with both names,
 * when SEALING, which may be NULL, does not have what it is made of. */
int fl_seal_open(const struct fl_sealing *sealing, const struct fl_seal_front *front,
                 const char *path, struct fl_gcm **gcm, flow_error **err);

#endif
