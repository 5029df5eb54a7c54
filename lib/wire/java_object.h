/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_JAVA_OBJECT_H
#define FL_WIRE_JAVA_OBJECT_H

/*
 * Reads one object of Java's serialization, as far as it is plain: its fields are numbers, texts,
 * arrays of bytes or null, and no class of it writes itself in a way of its own.  That is all that
 * keys and what seals them need.
 */

#include "wire/protobuf.h"

#define FL_JAVA_FIELDS 16

struct fl_java_field {
    struct fl_proto name;
    char type;             /* as in a class file: 'L', '[', 'I', ... */
    struct fl_proto value; /* of a text (Java's UTF-8) or an array of bytes; empty for all else */
};

struct fl_java_object {
    struct fl_proto class;
    struct fl_java_field fields[FL_JAVA_FIELDS];
    size_t count;
};

/* Reads a stream with one object and moves IN behind it.  FLOW_EPARSE, without an error object,
 * also for what is not plain. */
int fl_java_object_read(struct fl_proto *in, struct fl_java_object *object);

/* The field NAME of the type 'L' or '[', or NULL. */
const struct fl_proto *fl_java_object_get(const struct fl_java_object *object, const char *name,
                                          char type);

#endif
