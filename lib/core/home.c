/* SPDX-License-Identifier: Apache-2.0 */

/* The home folder: as the environment has it, like a shell, else as the user database has it. */

#include "core/home.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

#define ENTRY_ROOM 4096

int fl_home_path(const flow_allocator *mem, const char *rest, char **path)
{
    const char *home = getenv("HOME");
    char room[ENTRY_ROOM];
    struct passwd entry;
    struct passwd *found = NULL;
    struct fl_buf text;

    if ((!home || home[0] == '\0') &&
        getpwuid_r(getuid(), &entry, room, sizeof(room), &found) == 0 && found)
        home = found->pw_dir;
    if (!home || home[0] == '\0')
        return FLOW_ENOENT;

    fl_buf_init(&text, mem);
    *path = NULL;
    if (fl_buf_printf(&text, "%s%s%s", home, rest[0] != '\0' ? "/" : "", rest) == FLOW_OK)
        *path = fl_buf_detach(&text);
    fl_buf_free(&text);
    return *path ? FLOW_OK : FLOW_ENOMEM;
}
