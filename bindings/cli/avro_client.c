/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `flow avro-client`: sends lines to an agent.  Its options are not those of the other commands,
 * some of whose letters mean something else here, so it reads them by itself.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "avro_client.h"
#include "java_file.h"
#include "sender.h"
#include "setup.h"

/* What Flume puts behind the name of a file of --dirname that was sent: the name of a constant. */
#define SENT_SUFFIX "fileSuffix"

#define BATCH_SIZE "100"

struct request {
    const char *host;
    const char *port;
    const char *rpc_props;
    const char *file;
    const char *folder;
    const char *header_file;
    struct text_list defines;
    int help;
};

enum { FOLDER = 256, PLUGINS };

static const struct option long_options[] = {
    {"host", required_argument, NULL, 'H'},
    {"port", required_argument, NULL, 'p'},
    {"rpcProps", required_argument, NULL, 'P'},
    {"filename", required_argument, NULL, 'F'},
    {"dirname", required_argument, NULL, FOLDER},
    {"headerFile", required_argument, NULL, 'R'},
    {"help", no_argument, NULL, 'h'},
    {"conf", required_argument, NULL, 'c'},
    {"classpath", required_argument, NULL, 'C'},
    {"plugins-path", required_argument, NULL, PLUGINS},
    {NULL, 0, NULL, 0},
};

void avro_client_help(FILE *out)
{
    fputs(
        "Usage: flow avro-client (--host HOST --port PORT | --rpcProps FILE) [OPTION]...\n"
        "Sends each line of the standard input to the avro source of an agent.\n"
        "\n"
        "  -H, --host HOST        the agent's host\n"
        "  -p, --port PORT        the port of its avro source\n"
        "  -P, --rpcProps FILE    the properties of a client instead: see flow-client-default(5)\n"
        "  -F, --filename FILE    sends the lines of FILE\n"
        "      --dirname DIR      sends the lines of all files of DIR, the oldest first, and puts\n"
        "                         " SENT_SUFFIX " behind the name of each that was sent\n"
        "  -R, --headerFile FILE  gives all events the headers that FILE has as properties\n"
        "  -DNAME=VALUE           defines what the process has in common, such as\n"
        "                         javax.net.ssl.trustStore\n"
        "  -h, --help             prints this\n",
        out);
}

/* ---- options ---- */

static int take(struct request *request, int option)
{
    switch (option) {
    case 'H': request->host = optarg; break;
    case 'p': request->port = optarg; break;
    case 'P': request->rpc_props = optarg; break;
    case 'F': request->file = optarg; break;
    case FOLDER: request->folder = optarg; break;
    case 'R': request->header_file = optarg; break;
    case 'h': request->help = 1; break;
    case 'D': return options_take_define(&request->defines, optarg);
    case 'c':
    case 'C':
    case 'd':
    case 'X':
    case PLUGINS: break; /* of the script that starts Java */
    default: return EXIT_USAGE;
    }
    return EXIT_OK;
}

static int refuse(const char *why)
{
    fprintf(stderr, "Error: %s\n", why);
    return EXIT_USAGE;
}

static int check_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    if (*end || end == text || port < 1 || port > 65535)
        return refuse("--port takes a number from 1 to 65535");
    return EXIT_OK;
}

static int check(const struct request *request)
{
    if (request->file && request->folder)
        return refuse("--filename and --dirname options cannot be used simultaneously");
    if (request->rpc_props)
        return EXIT_OK;
    if (!request->host && !request->port)
        return refuse("Either --rpcProps or both --host and --port must be specified.");
    if (!request->port)
        return refuse("You must specify a port to connect to with --port");
    if (!request->host)
        return refuse("You must specify a hostname to connect to with --host");
    return check_port(request->port);
}

static int read_options(struct request *request, int count, char **arguments)
{
    int option;
    int status = EXIT_OK;

    while (status == EXIT_OK && (option = getopt_long_only(count, arguments, "H:p:P:F:R:hc:C:D:X:d",
                                                           long_options, NULL)) != -1)
        status = take(request, option);
    if (status == EXIT_OK && optind < count) {
        fprintf(stderr, "Error: unexpected argument '%s'\n", arguments[optind]);
        return EXIT_USAGE;
    }
    return status != EXIT_OK || request->help ? status : check(request);
}

/* ---- what is sent ---- */

static int send_file(struct sender *sender, const char *path, flow_error **err)
{
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &found)) {
        int number = errno;
        if (fd >= 0)
            close(fd);
        return flow_error_setf(err, FLOW_EIO, "cannot read %s: %s", path, strerror(number));
    }
    progress_begin(&sender->progress, S_ISREG(found.st_mode) ? (uint64_t)found.st_size : 0);
    int rc = sender_lines(sender, fd, err);
    progress_end(&sender->progress, sender->sent);
    close(fd);
    return rc;
}

struct candidate {
    char *path;
    struct timespec time;
};

static int by_age(const void *a, const void *b)
{
    const struct candidate *one = a;
    const struct candidate *other = b;

    if (one->time.tv_sec != other->time.tv_sec)
        return one->time.tv_sec < other->time.tv_sec ? -1 : 1;
    if (one->time.tv_nsec != other->time.tv_nsec)
        return one->time.tv_nsec < other->time.tv_nsec ? -1 : 1;
    return strcmp(one->path, other->path);
}

static int is_sent(const char *name)
{
    size_t size = strlen(name);
    size_t end = sizeof SENT_SUFFIX - 1;

    return size >= end && strcmp(name + size - end, SENT_SUFFIX) == 0;
}

/* Adds NAME of FOLDER to FILES when it is a file that waits to be sent. */
static struct candidate *add_candidate(struct candidate *files, size_t *count, const char *folder,
                                       const char *name)
{
    struct stat found;
    char *path;

    if (name[0] == '.' || is_sent(name))
        return files;
    path = text_format("%s/%s", folder, name);
    if (stat(path, &found) || !S_ISREG(found.st_mode)) {
        free(path);
        return files;
    }
    files = text_more(files, *count + 1, sizeof *files);
    files[(*count)++] = (struct candidate){path, found.st_mtim};
    return files;
}

static int find_files(const char *folder, struct candidate **files, size_t *count, flow_error **err)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    *files = NULL;
    *count = 0;
    if (!dir)
        return flow_error_setf(err, FLOW_EIO, "cannot read %s: %s", folder, strerror(errno));
    while ((entry = readdir(dir)))
        *files = add_candidate(*files, count, folder, entry->d_name);
    closedir(dir);
    if (*count > 0)
        qsort(*files, *count, sizeof **files, by_age);
    return FLOW_OK;
}

static int finish_file(const char *path, flow_error **err)
{
    char *name = text_format("%s" SENT_SUFFIX, path);
    int rc = rename(path, name)
                 ? flow_error_setf(err, FLOW_EIO, "cannot rename %s: %s", path, strerror(errno))
                 : FLOW_OK;

    free(name);
    return rc;
}

static int send_folder(struct sender *sender, const char *folder, flow_error **err)
{
    struct candidate *files;
    size_t count;
    int rc = find_files(folder, &files, &count, err);

    for (size_t i = 0; i < count; i++) {
        if (rc == FLOW_OK)
            rc = send_file(sender, files[i].path, err);
        if (rc == FLOW_OK)
            rc = finish_file(files[i].path, err);
        free(files[i].path);
    }
    free(files);
    return rc;
}

static int send_input(struct sender *sender, flow_error **err)
{
    progress_begin(&sender->progress, 0);
    int rc = sender_lines(sender, STDIN_FILENO, err);
    progress_end(&sender->progress, sender->sent);
    return rc;
}

/* ---- the command ---- */

static void print_message(void *self, const flow_log_record *record)
{
    if (record->level >= FLOW_LOG_WARN)
        fprintf(stderr, "Warning: %s\n", record->message);
}

static int set_host(const struct request *request, flow_config *config, flow_error **err)
{
    int brackets = strchr(request->host, ':') && request->host[0] != '[';
    char *address = text_format(brackets ? "[%s]:%s" : "%s:%s", request->host, request->port);
    int rc = flow_config_set(config, "hosts", "h1", err);

    if (rc == FLOW_OK)
        rc = flow_config_set(config, "hosts.h1", address, err);
    if (rc == FLOW_OK)
        rc = flow_config_set(config, "batch-size", BATCH_SIZE, err);
    free(address);
    return rc;
}

static int make_client(const struct request *request, flow_library *lib, flow_client **client,
                       flow_error **err)
{
    flow_config *config;
    int rc = flow_config_new(lib, &config, err);

    if (rc != FLOW_OK)
        return rc;
    rc = request->rpc_props ? flow_config_load(config, request->rpc_props, err)
                            : set_host(request, config, err);
    const struct text_list *defines = &request->defines;
    for (size_t i = 0; i < defines->count && rc == FLOW_OK; i += 2)
        rc = flow_config_define(config, defines->items[i], defines->items[i + 1], err);
    if (rc == FLOW_OK)
        rc = flow_client_new(lib, config, client, err);
    flow_config_free(config);
    return rc;
}

/* Events go without headers when they cannot be read, as from Flume's client. */
static void read_headers(const struct request *request, struct text_list *headers)
{
    if (request->header_file && java_file_read(request->header_file, NULL, headers) == EXIT_NO_FILE)
        fprintf(stderr, "Error: there is no file %s; events have no headers\n",
                request->header_file);
}

static int send_all(const struct request *request, struct sender *sender)
{
    flow_error *err = NULL;
    int rc;

    if (request->folder)
        rc = send_folder(sender, request->folder, &err);
    else if (request->file)
        rc = send_file(sender, request->file, &err);
    else
        rc = send_input(sender, &err);
    if (rc == FLOW_OK)
        return EXIT_OK;
    fprintf(stderr, "Error: %llu events were delivered before it failed\n",
            (unsigned long long)sender->sent);
    return say_error(err, EXIT_FAILURE_RUN);
}

static int run(const struct request *request, flow_library *lib, flow_client *client)
{
    struct text_list headers = {0};
    struct sender sender;
    flow_error *err = NULL;

    if (flow_client_connect(client, &err) != FLOW_OK)
        return say_error(err, EXIT_FAILURE_RUN);
    read_headers(request, &headers);
    int status = sender_init(&sender, lib, client, &headers, &err) == FLOW_OK
                     ? send_all(request, &sender)
                     : say_error(err, EXIT_FAILURE_RUN);
    sender_free(&sender);
    text_list_free(&headers);
    return status;
}

static int serve(const struct request *request)
{
    const flow_library_options made = {.struct_size = sizeof made, .log = print_message};
    flow_client *client = NULL;
    flow_library *lib;
    flow_error *err = NULL;
    int status;

    if (flow_library_new(&made, &lib, &err) != FLOW_OK)
        return say_error(err, EXIT_FAILURE_RUN);
    if (make_client(request, lib, &client, &err) == FLOW_OK)
        status = run(request, lib, client);
    else
        status = say_error(err, EXIT_CONFIG);
    flow_client_free(client);
    flow_library_free(lib, NULL);
    return status;
}

int command_avro_client(int count, char **arguments)
{
    struct request request = {0};
    int status = read_options(&request, count, arguments);

    if (status == EXIT_OK && request.help)
        avro_client_help(stdout);
    else if (status == EXIT_OK)
        status = serve(&request);
    text_list_free(&request.defines);
    return status;
}
