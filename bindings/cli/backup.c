/* SPDX-License-Identifier: Apache-2.0 */

#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *path_of(const struct options *options, const char *agent)
{
    return text_format("%s/.%s.properties", options->backup, agent);
}

/* Writes TEXT so that reading gives the same back: as a key when IS_KEY. */
static void write_escaped(FILE *out, const char *text, int is_key)
{
    for (const char *at = text; *at; at++) {
        int is_edge = at == text && strchr(" #!", *at);
        if (*at == '\n')
            fputs("\\n", out);
        else if (*at == '\r')
            fputs("\\r", out);
        else if (*at == '\f')
            fputs("\\f", out);
        else if (*at == '\t')
            fputs("\\t", out);
        else if (*at == '$' && at[1] == '{' && !is_key)
            fputs("$$", out); /* it was substituted once and must not be again */
        else if (*at == '\\' || is_edge || (is_key && strchr(" =:", *at)))
            fprintf(out, "\\%c", *at);
        else
            putc(*at, out);
    }
}

static void write_entries(FILE *out, flow_config *config)
{
    flow_entry entry = {.struct_size = sizeof entry};

    for (size_t i = 0; flow_config_entry(config, i, &entry) == FLOW_OK; i++) {
        write_escaped(out, entry.key, 1);
        fputs(" = ", out);
        write_escaped(out, entry.value, 0);
        putc('\n', out);
    }
}

/* Written beside the old copy and renamed, so that there is a whole one at any time. */
void backup_save(const struct options *options, flow_config *config, const char *agent)
{
    char *path = path_of(options, agent);
    char *fresh = text_format("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    int is_written = 0;

    if (out) {
        write_entries(out, config);
        is_written = fflush(out) == 0 && fsync(fd) == 0;
        is_written &= fclose(out) == 0;
    } else if (fd >= 0) {
        close(fd);
    }
    if (!is_written || rename(fresh, path) != 0)
        fprintf(stderr, "Warning: cannot keep a copy of the configuration in %s: %s\n", path,
                strerror(errno));
    free(fresh);
    free(path);
}

int backup_load(const struct options *options, flow_config *config)
{
    char *path = path_of(options, options->name);
    int rc = flow_config_load(config, path, NULL);

    free(path);
    return rc == FLOW_OK;
}
