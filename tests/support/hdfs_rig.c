/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "hdfs_rig.h"
#include "sinks/hdfs/sink.h"

#define WAIT_MS 20000
#define PATH_ROOM 256

static void make_folder(struct hdfs_rig *rig)
{
    const char *base = getenv("TMPDIR");

    snprintf(rig->folder, sizeof rig->folder, "%s/flow-hdfs-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(rig->folder));
}

static void set(struct hdfs_rig *rig, const char *key, const char *value)
{
    ck_assert_int_eq(flow_harness_set(rig->harness, key, value, NULL), FLOW_OK);
}

void hdfs_rig_path(struct hdfs_rig *rig, const char *below)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "file://%s%s", rig->folder, below);
    set(rig, "hdfs.path", path);
}

void hdfs_rig_register(flow_library *lib)
{
    flow_sink_ops ops = fl_hdfs_sink_ops;

    ops.type = "hdfs_here";
    ops.aliases = NULL;
    ck_assert_int_eq(flow_registry_add_sink(flow_library_registry(lib), &ops, NULL, NULL, NULL),
                     FLOW_OK);
}

void hdfs_rig_init(struct hdfs_rig *rig, const char *const *settings)
{
    memset(rig, 0, sizeof *rig);
    make_folder(rig);
    failing_init(&rig->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &rig->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &rig->lib, NULL), FLOW_OK);
    hdfs_rig_register(rig->lib);
    ck_assert_int_eq(flow_harness_new(rig->lib, FLOW_KIND_SINK, "hdfs_here", &rig->harness, NULL),
                     FLOW_OK);
    ck_assert_int_eq(flow_batch_new(rig->lib, &rig->batch, NULL), FLOW_OK);
    flow_harness_set_time(rig->harness, 1000);
    hdfs_rig_path(rig, "");
    set(rig, "hdfs.fileType", "DataStream");
    set(rig, "hdfs.rollInterval", "0");
    set(rig, "hdfs.rollSize", "0");
    set(rig, "hdfs.rollCount", "0");
    for (; settings && *settings; settings += 2)
        set(rig, settings[0], settings[1]);
}

void hdfs_rig_start(struct hdfs_rig *rig)
{
    flow_error *err = NULL;
    int rc = flow_harness_start(rig->harness, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void hdfs_rig_free(struct hdfs_rig *rig)
{
    flow_batch_free(rig->batch);
    flow_harness_free(rig->harness);
    ck_assert_int_eq(flow_library_free(rig->lib, NULL), FLOW_OK);
    ck_assert_int_eq(rig->failing.live, 0);
    nftw(rig->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void hdfs_rig_add(struct hdfs_rig *rig, const char *body, const char *name, const char *value)
{
    size_t index = flow_batch_count(rig->batch);

    ck_assert_int_eq(flow_batch_add(rig->batch, body, strlen(body), NULL), FLOW_OK);
    if (name)
        ck_assert_int_eq(flow_batch_set_header(rig->batch, index, name, value, NULL), FLOW_OK);
}

int hdfs_rig_run(struct hdfs_rig *rig, flow_error **err)
{
    if (flow_batch_count(rig->batch))
        ck_assert_int_eq(flow_harness_push(rig->harness, rig->batch, NULL), FLOW_OK);
    flow_batch_clear(rig->batch);
    int rc = flow_harness_run(rig->harness, err);
    return rc == FLOW_PENDING ? flow_harness_settle(rig->harness, WAIT_MS, err) : rc;
}

void hdfs_rig_deliver(struct hdfs_rig *rig, const char *body)
{
    flow_error *err = NULL;

    hdfs_rig_add(rig, body, NULL, NULL);
    int rc = hdfs_rig_run(rig, &err);
    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

/* nftw has no argument for its caller. */
static struct hdfs_rig *listed;

static int list_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    if (type != FTW_F)
        return 0;
    ck_assert_uint_lt(listed->count, HDFS_RIG_FILES);
    snprintf(listed->names[listed->count++], sizeof listed->names[0], "%s",
             path + strlen(listed->folder) + 1);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void hdfs_rig_list(struct hdfs_rig *rig)
{
    listed = rig;
    rig->count = 0;
    nftw(rig->folder, list_one, 8, FTW_PHYS);
    qsort(rig->names, rig->count, sizeof rig->names[0], by_name);
}

int hdfs_rig_is_there(struct hdfs_rig *rig, const char *const *expected)
{
    size_t i = 0;

    hdfs_rig_list(rig);
    for (; expected[i]; i++)
        if (i >= rig->count || strcmp(rig->names[i], expected[i]))
            return 0;
    return i == rig->count;
}

void hdfs_rig_await(struct hdfs_rig *rig, const char *const *expected)
{
    AWAIT(hdfs_rig_is_there(rig, expected));
}

char *hdfs_rig_read(const struct hdfs_rig *rig, const char *name)
{
    char path[PATH_ROOM];
    char *text = NULL;
    size_t size = 0;

    snprintf(path, sizeof path, "%s/%s", rig->folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    if (getdelim(&text, &size, '\0', file) < 0)
        text[0] = '\0';
    fclose(file);
    return text;
}

void hdfs_rig_check(const struct hdfs_rig *rig, const char *name, const char *expected)
{
    char *text = hdfs_rig_read(rig, name);

    ck_assert_str_eq(text, expected);
    free(text);
}

void hdfs_rig_write(const struct hdfs_rig *rig, const char *name, const char *text)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "%s/%s", rig->folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "%s", path);
    fputs(text, file);
    fclose(file);
}
