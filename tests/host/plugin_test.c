/* SPDX-License-Identifier: Apache-2.0 */

/* Plugins, good and bad, in a host that is linked with the shared library. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <flow.h>

#include "suite.h"

#define PATH_ROOM 512

struct host {
    flow_library *lib;
    char log[1024];
};

static void write_log(void *self, const flow_log_record *record)
{
    struct host *host = self;
    size_t used = strlen(host->log);

    snprintf(host->log + used, sizeof(host->log) - used, "%s\n", record->message);
}

static void open_host(struct host *host)
{
    const flow_library_options options = {
        .struct_size = sizeof(options), .log = write_log, .log_self = host};

    memset(host, 0, sizeof(*host));
    ck_assert_int_eq(flow_library_new(&options, &host->lib, NULL), FLOW_OK);
}

static void close_host(struct host *host)
{
    ck_assert_int_eq(flow_library_free(host->lib, NULL), FLOW_OK);
}

/* Where the build has put the plugins; ROOM keeps the text. */
static const char *plugin(const char *name, char room[PATH_ROOM])
{
    snprintf(room, PATH_ROOM, "%s/%s.so", getenv("FLOW_TEST_PLUGINS"), name);
    return room;
}

static int load(struct host *host, const char *name, flow_error **err)
{
    char room[PATH_ROOM];

    return flow_plugin_load(host->lib, plugin(name, room), err);
}

static int has_sink(struct host *host, const char *type)
{
    flow_type_info info = {.struct_size = sizeof(info)};

    return flow_registry_find(flow_library_registry(host->lib), FLOW_KIND_SINK, type, &info,
                              NULL) == FLOW_OK;
}

static size_t count_types(struct host *host)
{
    flow_type_info info = {.struct_size = sizeof(info)};
    size_t count = 0;

    while (flow_registry_at(flow_library_registry(host->lib), count, &info) == FLOW_OK)
        count++;
    return count;
}

/* Loading NAME must fail with CODE and a message that names the file and says PART; nothing may
 * be registered by it. */
static void refused(const char *name, int code, const char *part)
{
    struct host host;
    flow_error *err = NULL;

    open_host(&host);
    size_t types = count_types(&host);
    ck_assert_int_eq(load(&host, name, &err), code);
    ck_assert_int_eq(flow_error_code(err), code);
    ck_assert_msg(strstr(flow_error_message(err), name) != NULL, "%s", flow_error_message(err));
    ck_assert_msg(strstr(flow_error_message(err), part) != NULL, "%s", flow_error_message(err));
    ck_assert_uint_eq(count_types(&host), types);
    flow_error_free(err);
    close_host(&host);
}

/* ---- one file ---- */

START_TEST(a_plugin_registers_its_types)
{
    struct host host;
    flow_type_info info = {.struct_size = sizeof(info)};
    char room[PATH_ROOM];

    open_host(&host);
    ck_assert_int_eq(load(&host, "good", NULL), FLOW_OK);
    ck_assert_int_eq(flow_registry_find(flow_library_registry(host.lib), FLOW_KIND_SINK,
                                        "test-good", &info, NULL),
                     FLOW_OK);
    ck_assert_str_eq(info.origin, plugin("good", room));
    close_host(&host);
}
END_TEST

START_TEST(loading_twice_does_nothing)
{
    struct host host;
    char room[PATH_ROOM];
    char link_to[] = "/tmp/flow-plugin-XXXXXX";

    open_host(&host);
    ck_assert_int_eq(load(&host, "good", NULL), FLOW_OK);
    size_t types = count_types(&host);
    ck_assert_int_eq(load(&host, "good", NULL), FLOW_OK);

    /* The same file by another name is the same plugin. */
    ck_assert_ptr_nonnull(mkdtemp(link_to));
    char other[PATH_ROOM];
    snprintf(other, sizeof(other), "%s/other.so", link_to);
    ck_assert_int_eq(symlink(plugin("good", room), other), 0);
    ck_assert_int_eq(flow_plugin_load(host.lib, other, NULL), FLOW_OK);
    ck_assert_uint_eq(count_types(&host), types);
    unlink(other);
    rmdir(link_to);
    close_host(&host);
}
END_TEST

START_TEST(each_library_gets_the_types_for_itself)
{
    struct host one;
    struct host two;

    open_host(&one);
    open_host(&two);
    ck_assert_int_eq(load(&one, "good", NULL), FLOW_OK);
    ck_assert(!has_sink(&two, "test-good"));
    ck_assert_int_eq(load(&two, "good", NULL), FLOW_OK);
    close_host(&one);
    ck_assert(has_sink(&two, "test-good"));
    close_host(&two);
}
END_TEST

START_TEST(tables_of_older_and_newer_headers_are_welcome)
{
    struct host host;

    open_host(&host);
    ck_assert_int_eq(load(&host, "old_and_new", NULL), FLOW_OK);
    ck_assert(has_sink(&host, "test-older"));
    ck_assert(has_sink(&host, "test-newer"));
    close_host(&host);
}
END_TEST

START_TEST(what_is_no_plugin_is_refused)
{
    struct host host;
    flow_error *err = NULL;
    char path[] = "/tmp/flow-text-XXXXXX";
    int fd = mkstemp(path);

    refused("no_entry", FLOW_EPLUGIN, "no flow_plugin_entry");
    refused("null_entry", FLOW_EPLUGIN, "no plugin of libflow");
    refused("not_there", FLOW_ENOENT, "No such file");

    open_host(&host);
    ck_assert_int_eq(write(fd, "just text\n", 10), 10);
    ck_assert_int_eq(flow_plugin_load(host.lib, path, &err), FLOW_EPLUGIN);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), path));
    flow_error_free(err);
    err = NULL;
    ck_assert_int_eq(flow_plugin_load(host.lib, "/tmp", &err), FLOW_EPLUGIN);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "not a file"));
    flow_error_free(err);
    ck_assert_int_eq(flow_plugin_load(host.lib, "", NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_plugin_load(host.lib, NULL, NULL), FLOW_EINVAL);
    close(fd);
    unlink(path);
    close_host(&host);
}
END_TEST

START_TEST(a_wrong_table_is_refused_before_init)
{
    refused("table_small", FLOW_EABI, "struct_size is 16");
    refused("table_generation", FLOW_EABI, "generation 2");
    refused("table_too_new", FLOW_EABI, "needs libflow 99.0.0, this is " FLOW_VERSION_STRING);
    refused("table_no_init", FLOW_EPLUGIN, "init");
}
END_TEST

START_TEST(a_failing_init_leaves_no_trace)
{
    refused("init_fails", FLOW_EIO, "no such device");
    refused("fails_silently", FLOW_ECALLBACK, "fails_silently 1.0 could not be set up");
}
END_TEST

START_TEST(a_taken_name_takes_back_the_whole_plugin)
{
    struct host host;
    flow_error *err = NULL;

    open_host(&host);
    ck_assert_int_eq(load(&host, "good", NULL), FLOW_OK);
    ck_assert_int_eq(load(&host, "same_name", &err), FLOW_EEXIST);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "good.so"));
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "same_name.so"));
    flow_error_free(err);
    ck_assert(has_sink(&host, "test-good"));
    ck_assert(!has_sink(&host, "test-same-name"));
    close_host(&host);
}
END_TEST

/* ---- folders ---- */

/* A temporary folder with links to plugins in it. */
struct tree {
    char root[64];
};

static void make_tree(struct tree *tree)
{
    snprintf(tree->root, sizeof(tree->root), "/tmp/flow-plugins-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tree->root));
}

static void add_folder(const struct tree *tree, const char *below)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof(path), "%s/%s", tree->root, below);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void add_link(const struct tree *tree, const char *below, const char *name)
{
    char path[PATH_ROOM];
    char room[PATH_ROOM];

    snprintf(path, sizeof(path), "%s/%s", tree->root, below);
    ck_assert_int_eq(symlink(plugin(name, room), path), 0);
}

static void drop_tree(const struct tree *tree)
{
    char command[PATH_ROOM];

    snprintf(command, sizeof(command), "rm -r %s", tree->root);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_folder_is_loaded_in_order_and_past_failures)
{
    struct host host;
    struct tree tree;
    flow_error *err = NULL;

    make_tree(&tree);
    add_link(&tree, "1.so", "no_entry");
    add_link(&tree, "2.so", "good");
    add_link(&tree, "3.so", "same_name");
    add_link(&tree, "4.so", "old_and_new");
    add_link(&tree, "5.so.bak", "table_small");
    open_host(&host);
    ck_assert_int_eq(flow_plugin_load_folder(host.lib, tree.root, &err), FLOW_EPLUGIN);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "1.so"));
    ck_assert_ptr_nonnull(strstr(host.log, "3.so"));
    ck_assert_ptr_null(strstr(host.log, "5.so"));
    ck_assert(has_sink(&host, "test-good"));
    ck_assert(has_sink(&host, "test-older"));
    flow_error_free(err);
    close_host(&host);
    drop_tree(&tree);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error)
{
    struct host host;
    flow_error *err = NULL;

    open_host(&host);
    ck_assert_int_eq(flow_plugin_load_folder(host.lib, "/nowhere/at/all", &err), FLOW_ENOENT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/nowhere/at/all"));
    flow_error_free(err);
    close_host(&host);
}
END_TEST

START_TEST(a_path_is_laid_out_as_plugins_d)
{
    struct host host;
    struct tree tree;
    char path[PATH_ROOM];

    make_tree(&tree);
    add_link(&tree, "good.so", "good");
    add_folder(&tree, "mine");
    add_folder(&tree, "mine/lib");
    add_folder(&tree, "mine/native");
    add_folder(&tree, "empty");
    add_link(&tree, "mine/lib/on.so", "old_and_new");
    add_link(&tree, "mine/native/bad.so", "no_entry");
    open_host(&host);
    snprintf(path, sizeof(path), "/nowhere/at/all:%s::", tree.root);
    ck_assert_int_eq(flow_plugin_load_path(host.lib, path, NULL), FLOW_OK);
    ck_assert(has_sink(&host, "test-good"));
    ck_assert(has_sink(&host, "test-older"));
    close_host(&host);
    drop_tree(&tree);
}
END_TEST

/* ---- modules ---- */

START_TEST(a_module_that_is_not_installed_says_where_it_was_sought)
{
    const flow_library_options options = {.struct_size = sizeof(options),
                                          .module_path = "/nowhere/at/all"};
    flow_type_info info = {.struct_size = sizeof(info)};
    flow_error *err = NULL;
    flow_library *lib;

    ck_assert_int_eq(flow_library_new(&options, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_registry_find(flow_library_registry(lib), FLOW_KIND_SINK,
                                        "org.apache.flume.sink.hdfs.HDFSEventSink", &info, &err),
                     FLOW_EPLUGIN);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/nowhere/at/all/hdfs.so"));
    flow_error_free(err);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}
END_TEST

#ifdef WITH_HDFS
START_TEST(a_module_is_loaded_when_its_type_is_named)
{
    struct host host;
    flow_type_info info = {.struct_size = sizeof(info)};

    open_host(&host);
    ck_assert(has_sink(&host, "org.apache.flume.sink.hdfs.HDFSEventSink"));
    ck_assert_int_eq(
        flow_registry_find(flow_library_registry(host.lib), FLOW_KIND_SINK, "HDFS", &info, NULL),
        FLOW_OK);
    ck_assert_ptr_nonnull(info.schema);
    ck_assert_ptr_nonnull(strstr(info.origin, "hdfs.so"));
    close_host(&host);
}
END_TEST
#endif

int main(void)
{
    const struct test_entry tests[] = {
        {"a_plugin_registers_its_types", a_plugin_registers_its_types},
        {"loading_twice_does_nothing", loading_twice_does_nothing},
        {"each_library_gets_the_types_for_itself", each_library_gets_the_types_for_itself},
        {"tables_of_older_and_newer_headers_are_welcome",
         tables_of_older_and_newer_headers_are_welcome},
        {"what_is_no_plugin_is_refused", what_is_no_plugin_is_refused},
        {"a_wrong_table_is_refused_before_init", a_wrong_table_is_refused_before_init},
        {"a_failing_init_leaves_no_trace", a_failing_init_leaves_no_trace},
        {"a_taken_name_takes_back_the_whole_plugin", a_taken_name_takes_back_the_whole_plugin},
        {"a_folder_is_loaded_in_order_and_past_failures",
         a_folder_is_loaded_in_order_and_past_failures},
        {"a_folder_that_is_not_there_is_an_error", a_folder_that_is_not_there_is_an_error},
        {"a_path_is_laid_out_as_plugins_d", a_path_is_laid_out_as_plugins_d},
        {"a_module_that_is_not_installed_says_where_it_was_sought",
         a_module_that_is_not_installed_says_where_it_was_sought},
#ifdef WITH_HDFS
        {"a_module_is_loaded_when_its_type_is_named", a_module_is_loaded_when_its_type_is_named},
#endif
    };

    return RUN_SUITE("host_plugin", tests);
}
