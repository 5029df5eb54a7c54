/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs a fuzz target over files and folders given as arguments, so that a corpus, and with it
 * every input that ever broke something, is an ordinary test.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_LIMIT ((size_t)1 << 20)

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_LIMIT);
    size_t size = file && data ? fread(data, 1, INPUT_LIMIT, file) : 0;

    if (!file || !data) {
        perror(path);
        return 0;
    }
    /* Memory of its own size, so that reading behind the end is seen. */
    uint8_t *exact = malloc(size ? size : 1);
    if (exact) {
        memcpy(exact, data, size);
        LLVMFuzzerTestOneInput(exact, size);
    }
    free(exact);
    free(data);
    fclose(file);
    return exact != NULL;
}

static int run_folder(const char *path, size_t *count)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int is_fine = folder != NULL;
    char inner[4096];

    while (is_fine && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        is_fine = run_file(inner);
        ++*count;
    }
    if (folder)
        closedir(folder);
    return is_fine;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        struct stat info;
        int is_folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        count += !is_folder;
        if (!(is_folder ? run_folder(argv[i], &count) : run_file(argv[i])))
            return EXIT_FAILURE;
    }
    printf("%zu inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
