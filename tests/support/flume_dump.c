/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Prints the events of a file channel of Flume's, one a line: the body, then NAME=VALUE by name,
 * all in hexadecimal.  What was found goes to standard error.
 *
 *     flume_dump [-c CHECKPOINT_DIR] [-b BACKUP_CHECKPOINT_DIR] [-l] [-k KEY_STORE -p
 * PASSWORD_FILE] DATA_DIR...
 *
 * -l passes over what is damaged.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/flume_keys.h"

static void print_hex(const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const flow_header *)a)->name, ((const flow_header *)b)->name);
}

static int print_event(void *arg, const struct fl_flume_event *event, flow_error **err)
{
    flow_header *headers = calloc(event->header_count + 1, sizeof *headers);

    if (!headers)
        return flow_error_set(err, FLOW_ENOMEM, "no memory");
    if (event->header_count > 0)
        memcpy(headers, event->headers, event->header_count * sizeof *headers);
    qsort(headers, event->header_count, sizeof *headers, by_name);
    printf("%lld ", (long long)event->transaction);
    print_hex(event->body, event->body_size);
    for (size_t i = 0; i < event->header_count; i++) {
        putchar(' ');
        print_hex(headers[i].name, headers[i].name_size);
        putchar('=');
        print_hex(headers[i].value, headers[i].value_size);
    }
    putchar('\n');
    free(headers);
    return FLOW_OK;
}

static void print_count(const char *name, uint64_t count)
{
    fprintf(stderr, "%s=%llu ", name, (unsigned long long)count);
}

static int dump(const struct fl_flume_options *options, flow_error **err)
{
    struct fl_flume_import *import;
    int rc = fl_flume_open(fl_io_system(), options, &import, err);

    if (rc)
        return rc;
    rc = fl_flume_each(import, print_event, NULL, err);
    const struct fl_flume_counts *counts = fl_flume_counts(import);
    const char *fault = fl_flume_checkpoint_fault(import);
    print_count("events", counts->events);
    print_count("open_puts", counts->open_puts);
    print_count("open_takes", counts->open_takes);
    print_count("returned", counts->returned);
    print_count("removed", counts->removed);
    print_count("damaged", counts->damaged);
    print_count("checkpoint", (uint64_t)counts->has_used_checkpoint);
    fprintf(stderr, "%s\n", fault ? fault : "");
    fl_flume_close(import);
    return rc;
}

static int dump_with_keys(struct fl_flume_options *options, const struct fl_flume_key_store *store,
                          flow_error **err)
{
    struct fl_flume_keys *keys = NULL;
    int rc = store->path ? fl_flume_keys_open(fl_io_system(), NULL, store, &keys, err) : FLOW_OK;

    if (keys)
        options->cipher = fl_flume_keys_cipher(keys);
    if (!rc)
        rc = dump(options, err);
    fl_flume_keys_close(keys);
    return rc;
}

int main(int argc, char **argv)
{
    struct fl_flume_options options = {0};
    struct fl_flume_key_store store = {0};
    flow_error *err = NULL;
    int option;

    while ((option = getopt(argc, argv, "c:b:lk:p:")) != -1) {
        switch (option) {
        case 'c': options.checkpoint_dir = optarg; break;
        case 'b': options.backup_checkpoint_dir = optarg; break;
        case 'l': options.is_lenient = 1; break;
        case 'k': store.path = optarg; break;
        case 'p': store.password_path = optarg; break;
        default: return 2;
        }
    }
    options.data_dirs = (const char *const *)argv + optind;
    options.data_dir_count = (size_t)(argc - optind);
    if (dump_with_keys(&options, &store, &err)) {
        fprintf(stderr, "flume_dump: %s\n", flow_error_message(err));
        flow_error_free(err);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
