/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_JCEKS_H
#define FL_WIRE_JCEKS_H

/*
 * Java's key stores of the type JCEKS, as bytes: where the secret keys are and how each is sealed.
 * FLOW_EPARSE, without an error object, for what is none.
 */

#include "wire/protobuf.h"

/* A secret key: a Java object, sealed. */
struct fl_jceks_key {
    struct fl_proto algorithm; /* "PBEWithMD5AndTripleDES" */
    struct fl_proto salt;      /* 8 bytes */
    uint32_t iterations;
    struct fl_proto sealed;
};

/* Finds the secret key ALIAS, of any case as in Java.  FLOW_ENOENT when the store is whole and does
 * not have it. */
int fl_jceks_find(const void *data, size_t size, const struct fl_proto *alias,
                  struct fl_jceks_key *key);

/* Reads the key from the object that was sealed: its bytes. */
int fl_jceks_open(const void *data, size_t size, struct fl_proto *key);

#endif
