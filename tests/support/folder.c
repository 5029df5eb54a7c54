/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"

#define PATH_ROOM 320

static void join(char path[PATH_ROOM], const struct folder *folder, const char *name)
{
    snprintf(path, PATH_ROOM, "%s/%s", folder->path, name);
}

void folder_init(struct folder *folder)
{
    const char *base = getenv("TMPDIR");

    memset(folder, 0, sizeof *folder);
    snprintf(folder->path, sizeof folder->path, "%s/flow-test-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder->path));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void folder_list(struct folder *folder)
{
    DIR *dir = opendir(folder->path);
    const struct dirent *entry;

    ck_assert_ptr_nonnull(dir);
    folder->count = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_uint_lt(folder->count, FOLDER_FILES);
        snprintf(folder->names[folder->count++], sizeof folder->names[0], "%.63s", entry->d_name);
    }
    closedir(dir);
    qsort(folder->names, folder->count, sizeof folder->names[0], by_name);
}

void folder_free(struct folder *folder)
{
    char path[PATH_ROOM];

    folder_list(folder);
    for (size_t i = 0; i < folder->count; i++) {
        join(path, folder, folder->names[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(folder->path), 0);
}

char *folder_read(const struct folder *folder, const char *name, size_t *size)
{
    char path[PATH_ROOM];

    join(path, folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size_t length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(length + 1);
    ck_assert_uint_eq(fread(text, 1, length, file), length);
    text[length] = '\0';
    fclose(file);
    if (size)
        *size = length;
    return text;
}

void folder_write(const struct folder *folder, const char *name, const char *text)
{
    char path[PATH_ROOM];

    join(path, folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "%s", path);
    fputs(text, file);
    fclose(file);
}
