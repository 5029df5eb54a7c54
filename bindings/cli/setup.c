/* SPDX-License-Identifier: Apache-2.0 */

#include "setup.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "http.h"

int say_error(flow_error *err, int status)
{
    fprintf(stderr, "Error: %s\n", flow_error_message(err));
    flow_error_free(err);
    return status;
}

/* ---- library ---- */

/* Flume has plugins.d beside bin and conf. */
static char *default_plugins(const struct options *options)
{
    const char *home = getenv("FLUME_HOME");

    if (home && *home)
        return text_format("%s/plugins.d", home);
    return options->conf ? text_format("%s/../plugins.d", options->conf) : NULL;
}

static int load_plugins(const struct options *options, flow_library *lib)
{
    char *folders = options->plugins ? text_copy(options->plugins) : default_plugins(options);
    flow_error *err = NULL;
    int rc = folders ? flow_plugin_load_path(lib, folders, &err) : FLOW_OK;

    free(folders);
    return rc == FLOW_OK ? EXIT_OK : say_error(err, EXIT_FAILURE_RUN);
}

int setup_library(const struct options *options, struct log *log, flow_library **lib)
{
    flow_library_options made = {.struct_size = sizeof made};
    flow_error *err = NULL;

    if (log) {
        made.log = log_write;
        made.log_self = log;
        made.log_level = log->level;
    }
    if (flow_library_new(&made, lib, &err) != FLOW_OK)
        return say_error(err, EXIT_FAILURE_RUN);
    int status = load_plugins(options, *lib);
    if (status != EXIT_OK)
        flow_library_free(*lib, NULL);
    return status;
}

/* ---- configuration ---- */

/* The byte that two hexadecimal digits at TEXT mean; 0 for other text. */
static int hex_byte(const char *text)
{
    const char digits[] = {text[0], text[0] ? text[1] : '\0', '\0'};
    char *end;
    long value = strtol(digits, &end, 16);

    return end == digits + 2 && isxdigit((unsigned char)text[0]) ? (int)value : 0;
}

/* Undoes "%20" in place. */
static char *decoded(char *path)
{
    char *to = path;

    for (const char *at = path; *at; at++) {
        int byte = *at == '%' ? hex_byte(at + 1) : 0;
        *to++ = byte ? (char)byte : *at;
        at += byte ? 2 : 0;
    }
    *to = '\0';
    return path;
}

/* "file:///a", "file:a" and "classpath:a", which Flume finds below --conf first, as a path; a page
 * stays what it is. */
static char *path_of_uri(const struct options *options, const char *uri)
{
    if (text_begins(uri, "file://"))
        return decoded(text_copy(uri + 7));
    if (text_begins(uri, "file:"))
        return decoded(text_copy(uri + 5));
    if (text_begins(uri, "classpath:") && options->conf) {
        const char *name = uri + 10 + strspn(uri + 10, "/");
        return text_format("%s/%s", options->conf, name);
    }
    return strchr(uri, ':') && !http_is_url(uri) ? NULL : text_copy(uri);
}

char *setup_path(const struct options *options, size_t index)
{
    if (options->uris.count > 0)
        return index < options->uris.count ? path_of_uri(options, options->uris.items[index])
                                           : NULL;
    return index < options->files.count ? text_copy(options->files.items[index]) : NULL;
}

static int check_sources(const struct options *options)
{
    if (!options->user != !options->password) {
        fputs("Error: --conf-user and --conf-password belong together\n", stderr);
        return EXIT_USAGE;
    }
    if (options->files.count + options->uris.count == 0) {
        fputs("Error: no configuration was given; use --conf-file FILE\n", stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < options->uris.count; i++) {
        char *path = path_of_uri(options, options->uris.items[i]);
        if (!path) {
            fprintf(stderr,
                    "Error: --conf-uri %s: there are only http:, https:, file: and, with --conf, "
                    "classpath:\n",
                    options->uris.items[i]);
            return EXIT_USAGE;
        }
        free(path);
    }
    return EXIT_OK;
}

/* The format of what a URL means, by the end of its path. */
static int32_t format_of(const char *url)
{
    size_t size = strcspn(url, "?#");

    return (size > 5 && strncmp(url + size - 5, ".yaml", 5) == 0) ||
                   (size > 4 && strncmp(url + size - 4, ".yml", 4) == 0)
               ? FLOW_FORMAT_YAML
               : FLOW_FORMAT_PROPERTIES;
}

static int load_page(const struct options *options, flow_config *config, const char *url,
                     flow_error **err)
{
    struct http_copy page = {0};
    char *why;
    enum http_result result = http_get(url, options, -1, &page, &why);
    int rc;

    if (result == HTTP_NEW) {
        rc = flow_config_parse(config, url, page.text, page.size, format_of(url), err);
    } else {
        char *text = text_format("%s: %s", url, why);
        rc = flow_error_set(err, result == HTTP_MISSING ? FLOW_ENOENT : FLOW_EIO, text);
        free(text);
    }
    http_copy_free(&page);
    free(why);
    return rc;
}

/* Whether, after RC, the copy of the configuration may stand in for PATH. */
static int is_out_of_reach(int rc, const char *path)
{
    return rc == FLOW_ENOENT || (rc == FLOW_EIO && http_is_url(path));
}

/* Reads all files.  *MISSING counts those that are not there, with the first in *ERR. */
static int load_files(const struct options *options, flow_config *config, size_t *missing,
                      flow_error **err)
{
    char *path;

    *missing = 0;
    for (size_t i = 0; (path = setup_path(options, i)); i++) {
        flow_error *one = NULL;
        int rc = http_is_url(path) ? load_page(options, config, path, &one)
                                   : flow_config_load(config, path, &one);
        int is_missing = is_out_of_reach(rc, path);
        free(path);
        if (is_missing && options->backup) {
            ++*missing;
            flow_error_free(*err);
            *err = one;
        } else if (rc != FLOW_OK && rc != FLOW_EPARSE) {
            flow_error_free(*err);
            return say_error(one, EXIT_CONFIG);
        } else {
            flow_error_free(one); /* a fault in the text is in the report */
        }
    }
    return EXIT_OK;
}

/* Reads the files, or their copy where none is left. */
static int load_all(const struct options *options, flow_config *config)
{
    flow_error *err = NULL;
    size_t missing;
    int status = load_files(options, config, &missing, &err);

    if (status != EXIT_OK || missing == 0)
        return status;
    size_t given = options->uris.count ? options->uris.count : options->files.count;
    if (missing == given && options->name && backup_load(options, config))
        fprintf(stderr, "Warning: %s; the copy in %s is used\n", flow_error_message(err),
                options->backup);
    else
        return say_error(err, EXIT_CONFIG);
    flow_error_free(err);
    return EXIT_OK;
}

/* Hands over -D and --set. */
static int apply_options(const struct options *options, flow_config *config)
{
    flow_error *err = NULL;
    int rc = FLOW_OK;

    for (size_t i = 0; i < options->defines.count && rc == FLOW_OK; i += 2)
        rc = flow_config_define(config, options->defines.items[i], options->defines.items[i + 1],
                                &err);
    for (size_t i = 0; i < options->sets.count && rc == FLOW_OK; i += 2)
        rc = flow_config_set(config, options->sets.items[i], options->sets.items[i + 1], &err);
    return rc == FLOW_OK ? EXIT_OK : say_error(err, EXIT_FAILURE_RUN);
}

/* ---- Hadoop's settings ---- */

static int has_hadoop_files(const char *conf)
{
    static const char *const names[] = {"core-site.xml", "hdfs-site.xml"};
    int found = 0;

    for (size_t i = 0; i < 2 && !found; i++) {
        char *path = text_format("%s/%s", conf, names[i]);
        found = access(path, R_OK) == 0;
        free(path);
    }
    return found;
}

/* Whether TYPE, perhaps with a comment behind it, is the hdfs sink. */
static int is_hdfs(const char *type)
{
    static const char *const names[] = {"hdfs", "org.apache.flume.sink.hdfs.HDFSEventSink"};
    size_t size = strcspn(type, " \t");

    for (size_t i = 0; i < 2; i++)
        if (strlen(names[i]) == size && strncasecmp(type, names[i], size) == 0)
            return 1;
    return 0;
}

/*
 * Where Flume would find Hadoop's settings, which the caller frees, or NULL: in --conf, which comes
 * first on its class path, or where the `hadoop` command of HADOOP_HOME looks.  The sink itself
 * knows HADOOP_CONF_DIR.
 */
static char *hadoop_folder(const struct options *options)
{
    const char *home = getenv("HADOOP_HOME");
    const char *set = getenv("HADOOP_CONF_DIR");

    if (options->conf && has_hadoop_files(options->conf))
        return text_copy(options->conf);
    home = home && *home ? home : getenv("HADOOP_PREFIX");
    if (!home || !*home || (set && *set))
        return NULL;
    char *folder = text_format("%s/etc/hadoop", home);
    if (has_hadoop_files(folder))
        return folder;
    free(folder);
    return NULL;
}

/* Lets one sink read Hadoop's settings in FOLDER, unless it says itself where they are. */
static int set_hadoop(flow_config *config, const char *folder, const char *agent, const char *sink)
{
    char *type_key = text_format("%s.sinks.%s.type", agent, sink);
    char *folder_key = text_format("%s.sinks.%s.hdfs.confDir", agent, sink);
    const char *type = flow_config_get(config, type_key);
    int rc = FLOW_OK;

    if (type && is_hdfs(type) && !flow_config_get(config, folder_key))
        rc = flow_config_set(config, folder_key, folder, NULL);
    free(type_key);
    free(folder_key);
    return rc;
}

static int apply_hadoop(flow_config *config, const char *folder)
{
    struct text_list sinks = {0}; /* pairs: names live only until a key is set */
    const char *agent;
    const char *sink;
    int rc = FLOW_OK;

    for (size_t a = 0; (agent = flow_config_agent(config, a)); a++)
        for (size_t s = 0; (sink = flow_config_component(config, agent, FLOW_KIND_SINK, s)); s++)
            text_list_add_pair(&sinks, agent, sink);
    for (size_t i = 0; i < sinks.count && rc == FLOW_OK; i += 2)
        rc = set_hadoop(config, folder, sinks.items[i], sinks.items[i + 1]);
    text_list_free(&sinks);
    return rc == FLOW_OK ? EXIT_OK : EXIT_FAILURE_RUN;
}

static int apply_conf(const struct options *options, flow_config *config)
{
    char *folder = hadoop_folder(options);
    int status = folder ? apply_hadoop(config, folder) : EXIT_OK;

    free(folder);
    return status;
}

int setup_config(const struct options *options, flow_library *lib, flow_config **config)
{
    flow_error *err = NULL;
    int status = check_sources(options);

    *config = NULL;
    if (status != EXIT_OK)
        return status;
    if (flow_config_new(lib, config, &err) != FLOW_OK)
        return say_error(err, EXIT_FAILURE_RUN);
    status = load_all(options, *config);
    if (status == EXIT_OK)
        status = apply_options(options, *config);
    if (status == EXIT_OK)
        status = apply_conf(options, *config);
    if (status != EXIT_OK) {
        flow_config_free(*config);
        *config = NULL;
    }
    return status;
}

const char *setup_agent(const struct options *options, flow_config *config)
{
    const char *first = flow_config_agent(config, 0);

    if (options->name)
        return options->name;
    if (first && !flow_config_agent(config, 1))
        return first;
    if (!first) {
        fputs("Error: the configuration has no agent\n", stderr);
        return NULL;
    }
    fputs("Error: say which agent is meant, with --name: there is", stderr);
    for (size_t i = 0; (first = flow_config_agent(config, i)); i++)
        fprintf(stderr, "%s %s", i ? "," : "", first);
    putc('\n', stderr);
    return NULL;
}
