/* SPDX-License-Identifier: Apache-2.0 */

#include "control_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

/* Whether PATH may be used by the specification of XDG_RUNTIME_DIR: after `su` it is often that of
 * the user before. */
static int is_own_folder(const char *path)
{
    struct stat found;

    return path && *path == '/' && stat(path, &found) == 0 && S_ISDIR(found.st_mode) &&
           found.st_uid == geteuid();
}

void control_folders(struct text_list *folders)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char *other = text_format("/tmp/flow-%lu", (unsigned long)geteuid());

    if (is_own_folder(runtime)) {
        char *folder = text_format("%s/flow", runtime);
        text_list_add(folders, folder);
        free(folder);
    }
    text_list_add(folders, other);
    free(other);
}

char *control_file(const char *folder, const char *agent)
{
    char *path = NULL;
    size_t size;
    FILE *out = open_memstream(&path, &size);

    if (!out)
        return text_copy(folder); /* which is no socket */
    fprintf(out, "%s/", folder);
    for (const char *at = agent; *at; at++)
        if (strchr(PLAIN, *at) && (at > agent || *at != '.'))
            putc(*at, out);
        else
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*at);
    fputs(CONTROL_ENDING, out);
    fclose(out);
    return path;
}

/* Why FOLDER is not the user's alone; NULL when it is. */
static char *why_unsafe(const char *folder)
{
    struct stat found;

    if (lstat(folder, &found) != 0)
        return text_format("%s: %s", folder, strerror(errno));
    if (!S_ISDIR(found.st_mode))
        return text_format("%s is no folder", folder);
    if (found.st_uid != geteuid())
        return text_format("%s belongs to user %lu", folder, (unsigned long)found.st_uid);
    if (found.st_mode & 077)
        return text_format("%s is open to others, with mode %04o", folder,
                           (unsigned)found.st_mode & 07777);
    return NULL;
}

char *control_folder_make(const char *folder)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return text_format("cannot make the folder %s: %s", folder, strerror(errno));
    return why_unsafe(folder);
}

int control_folder_is_safe(const char *folder)
{
    char *why = why_unsafe(folder);

    free(why);
    return !why;
}

int control_address(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path)
        return 0;
    strcpy(address->sun_path, path);
    return 1;
}

struct ucred control_peer(int fd)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof peer;

    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return peer;
}
