/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

/* A temporary folder and the files that appear in it.  Every fault fails the test. */

#include <stddef.h>

#define FOLDER_FILES 64

struct folder {
    char path[64];
    size_t count; /* of files, as of folder_list */
    char names[FOLDER_FILES][64];
};

/* Makes an empty folder. */
void folder_init(struct folder *folder);

/* Removes it with all its files. */
void folder_free(struct folder *folder);

/* Reads the names of the files, sorted; names that begin with a dot are left out. */
void folder_list(struct folder *folder);

/* The content of the file NAME, with a NUL behind it; the caller frees it.  SIZE may be NULL. */
char *folder_read(const struct folder *folder, const char *name, size_t *size);
void folder_write(const struct folder *folder, const char *name, const char *text);

#endif
