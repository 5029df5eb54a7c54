/* SPDX-License-Identifier: Apache-2.0 */

/* `flow check`: everything that is wrong with a configuration, without starting anything. */

#include <flow.h>

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "findings.h"
#include "setup.h"

/* Findings of several agents' reports: what is a warning to the one is an error to another. */
struct collection {
    flow_report **reports;
    size_t count;
};

static void free_reports(struct collection *all)
{
    for (size_t i = 0; i < all->count; i++)
        flow_report_free(all->reports[i]);
    free(all->reports);
}

static int add_report(struct collection *all, flow_config *config, const char *agent)
{
    flow_error *err = NULL;
    flow_report **reports = reallocarray(all->reports, all->count + 1, sizeof(flow_report *));

    if (!reports)
        return EXIT_FAILURE_RUN;
    all->reports = reports;
    if (flow_config_check(config, agent, &reports[all->count], &err) != FLOW_OK)
        return say_error(err, EXIT_FAILURE_RUN);
    all->count++;
    return EXIT_OK;
}

/* Checks --name, or every agent. */
static int check_agents(const struct options *options, flow_config *config, struct collection *all)
{
    const char *agent = options->name;
    int status = EXIT_OK;

    if (agent || !flow_config_agent(config, 0))
        return add_report(all, config, agent);
    for (size_t i = 0; status == EXIT_OK && (agent = flow_config_agent(config, i)); i++)
        status = add_report(all, config, agent);
    return status;
}

static int is_same(const flow_diagnostic *a, const flow_diagnostic *b)
{
    return a->line == b->line && a->column == b->column && strcmp(a->file, b->file) == 0 &&
           strcmp(a->message, b->message) == 0;
}

/* Finds, among all reports but the one at SKIP, what FOUND is there. */
static int find_same(const struct collection *all, size_t skip, const flow_diagnostic *found,
                     int32_t severity)
{
    flow_diagnostic other = {.struct_size = sizeof other};

    for (size_t r = 0; r < all->count; r++) {
        for (size_t i = 0; r != skip && flow_report_get(all->reports[r], i, &other) == FLOW_OK; i++)
            if (other.severity == severity && is_same(&other, found))
                return 1;
    }
    return 0;
}

/* Whether the finding, of the report at INDEX, is to be shown there, and with which severity. */
static int is_shown(const struct collection *all, size_t index, flow_diagnostic *found)
{
    if (found->severity == FLOW_SEVERITY_WARNING &&
        find_same(all, index, found, FLOW_SEVERITY_ERROR))
        found->severity = FLOW_SEVERITY_ERROR;
    struct collection before = {all->reports, index};
    return !find_same(&before, index, found, FLOW_SEVERITY_ERROR) &&
           !find_same(&before, index, found, FLOW_SEVERITY_WARNING);
}

static void print_json(const flow_diagnostic *found, size_t index)
{
    const char *const names[] = {"file", "component", "key", "message", "hint"};
    const char *const texts[] = {found->file, found->component, found->key, found->message,
                                 found->hint};

    printf("%s\n  {\"severity\": \"%s\", \"line\": %u, \"column\": %u", index ? "," : "",
           found->severity == FLOW_SEVERITY_ERROR ? "error" : "warning", found->line,
           found->column);
    for (size_t i = 0; i < 5; i++) {
        printf(", \"%s\": ", names[i]);
        text_json(stdout, texts[i]);
    }
    putchar('}');
}

static void print_text(const flow_diagnostic *found)
{
    char *text = finding_text(found);

    puts(text);
    free(text);
}

/* Prints all findings; returns whether there is an error among them. */
static int print_all(const struct collection *all, int as_json)
{
    flow_diagnostic found = {.struct_size = sizeof found};
    size_t errors = 0;
    size_t shown = 0;

    if (as_json)
        putchar('[');
    for (size_t r = 0; r < all->count; r++) {
        for (size_t i = 0; flow_report_get(all->reports[r], i, &found) == FLOW_OK; i++) {
            if (!is_shown(all, r, &found))
                continue;
            if (as_json)
                print_json(&found, shown);
            else
                print_text(&found);
            errors += found.severity == FLOW_SEVERITY_ERROR;
            shown++;
        }
    }
    if (as_json)
        puts(shown ? "\n]" : "]");
    else
        printf("%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s", shown - errors,
               shown - errors == 1 ? "" : "s");
    return errors > 0;
}

static int check(const struct options *options, flow_config *config, int as_json)
{
    struct collection all = {NULL, 0};
    int status = check_agents(options, config, &all);

    if (status == EXIT_OK)
        status = print_all(&all, as_json) ? EXIT_CONFIG : EXIT_OK;
    free_reports(&all);
    return status;
}

int command_check(struct options *options)
{
    int as_json = options->format && strcmp(options->format, "json") == 0;
    flow_library *lib;
    flow_config *config;

    if (options->format && !as_json && strcmp(options->format, "text") != 0) {
        fputs("Error: --format is text or json\n", stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < options->words.count; i++)
        text_list_add(&options->files, options->words.items[i]);
    int status = setup_library(options, NULL, &lib);
    if (status != EXIT_OK)
        return status;
    status = setup_config(options, lib, &config);
    if (status == EXIT_OK) {
        status = check(options, config, as_json);
        flow_config_free(config);
    }
    flow_library_free(lib, NULL);
    return status;
}
