/* SPDX-License-Identifier: Apache-2.0 */

/* `flow log`: looks at the log of a stopped file channel, mends it, and fills it from Flume's. */

#include "logdir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "setup.h"

struct action {
    const char *name;
    int (*run)(const struct options *options, flow_logdir *dir);
};

static int run_stat(const struct options *options, flow_logdir *dir)
{
    logdir_print_stat(dir, options->json);
    return EXIT_OK;
}

static int run_dump(const struct options *options, flow_logdir *dir)
{
    return logdir_print_frames(dir, options->events ? options->limit : 0);
}

/* Says so, for what was made anew with right checksums is not seen then. */
static void tell_of_hidden(const flow_logdir *dir)
{
    flow_logdir_stat stat = {.struct_size = sizeof stat};

    if (flow_logdir_stat_get(dir, &stat) == FLOW_OK && stat.hidden)
        fputs("no keys were given: what is encrypted was checked by its checksums alone\n", stderr);
}

static int run_verify(const struct options *options, flow_logdir *dir)
{
    tell_of_hidden(dir);
    return logdir_print_faults(dir) ? EXIT_DAMAGED : EXIT_OK;
}

/* ---- repair ---- */

static int is_agreed(const struct options *options)
{
    int answer;

    if (options->yes)
        return 1;
    if (!isatty(STDIN_FILENO)) {
        puts("nothing was changed; --yes repairs it");
        return 0;
    }
    fputs("Repair this? [y/N] ", stdout);
    fflush(stdout);
    answer = getchar();
    return answer == 'y' || answer == 'Y';
}

static int run_repair(const struct options *options, flow_logdir *dir)
{
    flow_error *err = NULL;

    if (!options->yes && logdir_print_faults(dir) == 0)
        return EXIT_OK;
    if (!is_agreed(options))
        return EXIT_DAMAGED;
    int rc = flow_logdir_repair(dir, &err);
    size_t left = logdir_print_faults(dir);
    if (rc != FLOW_OK)
        return say_error(err, rc == FLOW_EPARSE ? EXIT_DAMAGED : EXIT_FAILURE_RUN);
    return left ? EXIT_DAMAGED : EXIT_OK;
}

/* ---- export ---- */

/* The serializer for --format; NULL for another word. */
static const char *serializer_of(const char *format)
{
    if (!format || strcmp(format, "text") == 0)
        return "TEXT";
    return strcmp(format, "avro") == 0 ? "AVRO_EVENT" : NULL;
}

static int export_to(const struct options *options, flow_logdir *dir, int fd)
{
    flow_error *err = NULL;
    uint64_t count = 0;
    int rc = flow_logdir_export(dir, serializer_of(options->format),
                                options->all ? FLOW_LOGDIR_ALL : 0, fd, &count, &err);

    if (rc != FLOW_OK)
        return say_error(err, EXIT_FAILURE_RUN);
    fprintf(stderr, "%llu event%s\n", (unsigned long long)count, count == 1 ? "" : "s");
    return EXIT_OK;
}

static int cannot_write(const struct options *options)
{
    fprintf(stderr, "Error: cannot write %s: %s\n", options->output, strerror(errno));
    return EXIT_FAILURE_RUN;
}

static int run_export(const struct options *options, flow_logdir *dir)
{
    if (!options->output)
        return export_to(options, dir, STDOUT_FILENO);
    int fd = open(options->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot_write(options);
    int status = export_to(options, dir, fd);
    int failed = fsync(fd) != 0 && errno != EINVAL; /* a pipe cannot be synced */
    failed |= close(fd) != 0;
    return failed && status == EXIT_OK ? cannot_write(options) : status;
}

/* ---- which ---- */

static const struct action actions[] = {
    {"stat", run_stat},     {"dump", run_dump},     {"verify", run_verify},
    {"repair", run_repair}, {"export", run_export},
};

static int is_import(const struct options *options)
{
    return options->words.count > 0 && strcmp(options->words.items[0], "import-flume") == 0;
}

static const struct action *find(const struct options *options)
{
    const char *name = options->words.count == 1 ? options->words.items[0] : "";

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    fputs("Error: flow log is followed by one of stat, dump, verify, repair, export and "
          "import-flume\n",
          stderr);
    return NULL;
}

/* Opens the log with the keys of PLACE, if it has any. */
static int open_place(flow_library *lib, const struct logdir_place *place, flow_logdir **dir,
                      flow_error **err)
{
    const flow_logdir_keys keys = {
        .struct_size = sizeof keys,
        .key_store = place->keys.store,
        .key_password = place->keys.password,
        .key_passwords = (const char *const *)place->keys.passwords.items,
        .key_password_count = place->keys.passwords.count,
    };

    return flow_logdir_open_keys(lib, place->checkpoint, (const char *const *)place->data.items,
                                 place->data.count, place->keys.store ? &keys : NULL, dir, err);
}

static int run(const struct options *options, flow_library *lib, const struct action *action)
{
    struct logdir_place place;
    flow_logdir *dir = NULL;
    flow_error *err = NULL;
    int status = logdir_find(options, lib, &place);

    if (status == EXIT_OK) {
        int rc = open_place(lib, &place, &dir, &err);
        status = rc == FLOW_OK ? action->run(options, dir) : say_error(err, EXIT_FAILURE_RUN);
        flow_logdir_free(dir);
    }
    logdir_place_free(&place);
    return status;
}

int command_log(struct options *options)
{
    const struct action *action = is_import(options) ? NULL : find(options);
    flow_library *lib;

    if (!action && !is_import(options))
        return EXIT_USAGE;
    if (action && action->run == run_export && !serializer_of(options->format)) {
        fputs("Error: --format is text or avro\n", stderr);
        return EXIT_USAGE;
    }
    int status = setup_library(options, NULL, &lib);
    if (status != EXIT_OK)
        return status;
    status = action ? run(options, lib, action) : logdir_import(options, lib);
    flow_library_free(lib, NULL);
    return status;
}
