/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_DYNLIB_H
#define FL_CODEC_DYNLIB_H

/*
 * Libraries that are needed only when somebody names what they do: loaded then, by SONAME.  Loading
 * twice is cheap, since the system counts, so whoever needs a library loads it for itself and
 * nothing is shared or cached.
 */

#include <flow/error.h>
#include <flow/library.h>

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

/* The beginning of a structure that lives as long as its library is loaded; pointers follow. */
struct fl_dynlib {
    const flow_allocator *mem;
    void *handle;
};

/* What is needed of a library; see fl_dynlib_load. */
struct fl_dynlib_need {
    const char *soname;
    const char *purpose;
    const struct fl_dynlib_symbol *symbols;
    size_t count;
};

/* Makes a zeroed structure of SIZE bytes that begins with a struct fl_dynlib and fills it as
 * fl_dynlib_load does, whose errors it has. */
int fl_dynlib_open(const flow_allocator *mem, size_t size, const struct fl_dynlib_need *need,
                   void **state, flow_error **err);

/* Frees what fl_dynlib_open made. */
void fl_dynlib_close(void *state);

#endif
