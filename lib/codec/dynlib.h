/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_DYNLIB_H
#define FL_CODEC_DYNLIB_H

/*
 * Libraries that are needed only when somebody names what they do: loaded then, by SONAME.  Loading
 * twice is cheap, since the system counts, so whoever needs a library loads it for itself and
 * nothing is shared or cached.
 */

#include <flow/error.h>

/* A function to look up and the place of its pointer in the caller's table. */
struct fl_dynlib_symbol {
    const char *name;
    size_t offset;
};

/*
 * Loads SONAME for PURPOSE ("snappy compression", for the message) and fills the pointers of TABLE
 * that SYMBOLS, COUNT of them, name.  FLOW_ENOENT when the library is not installed, FLOW_EABI when
 * it lacks a function.  The caller unloads *HANDLE after the last use of a pointer.
 */
int fl_dynlib_load(const char *soname, const char *purpose, const struct fl_dynlib_symbol *symbols,
                   size_t count, void *table, void **handle, flow_error **err);

/* NULL is allowed. */
void fl_dynlib_unload(void *handle);

#endif
