/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_HDFS_RIG_H
#define TESTS_SUPPORT_HDFS_RIG_H

/*
 * The hdfs sink in a harness, writing below a temporary folder.  The sink is linked with the test
 * and registered as "hdfs_here", so that the test shares the library's private parts with it.
 */

#include <flow.h>

#include "failing.h"

#define HDFS_RIG_FILES 64

struct hdfs_rig {
    char folder[64];
    struct failing failing; /* the library's allocator */
    flow_library *lib;
    flow_harness *harness;
    flow_batch *batch;
    size_t count; /* of files, as of hdfs_rig_list */
    char names[HDFS_RIG_FILES][128];
};

/* Registers the sink with a library of the test's own. */
void hdfs_rig_register(flow_library *lib);

/*
 * Makes the sink, not yet started.  SETTINGS are pairs of key and value and end in NULL; by
 * default it writes a DataStream to the folder and rolls nothing.  Wall time is 1000 ms.
 */
void hdfs_rig_init(struct hdfs_rig *rig, const char *const *settings);
void hdfs_rig_start(struct hdfs_rig *rig);
void hdfs_rig_free(struct hdfs_rig *rig);

/* hdfs.path = file://FOLDER + BELOW. */
void hdfs_rig_path(struct hdfs_rig *rig, const char *below);

/* Adds an event, with a header unless NAME is NULL, to what hdfs_rig_run delivers. */
void hdfs_rig_add(struct hdfs_rig *rig, const char *body, const char *name, const char *value);

/* Delivers the events as one transaction; returns what came of it. */
int hdfs_rig_run(struct hdfs_rig *rig, flow_error **err);

/* Adds, and delivers, one event without headers; must succeed. */
void hdfs_rig_deliver(struct hdfs_rig *rig, const char *body);

/* Reads the names of all files below the folder, sorted. */
void hdfs_rig_list(struct hdfs_rig *rig);

/* Whether just these files are there; EXPECTED ends in NULL. */
int hdfs_rig_is_there(struct hdfs_rig *rig, const char *const *expected);

/* Waits until they are. */
void hdfs_rig_await(struct hdfs_rig *rig, const char *const *expected);

/* The content of a file; the caller frees it. */
char *hdfs_rig_read(const struct hdfs_rig *rig, const char *name);
void hdfs_rig_check(const struct hdfs_rig *rig, const char *name, const char *expected);

/* Makes a file that is somebody else's. */
void hdfs_rig_write(const struct hdfs_rig *rig, const char *name, const char *text);

#endif
