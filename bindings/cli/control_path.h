/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONTROL_PATH_H
#define CLI_CONTROL_PATH_H

/* Where control sockets are: by default in a folder that is for their user alone. */

#include <sys/socket.h>
#include <sys/un.h>

#include "text.h"

#define CONTROL_ENDING ".sock"

/* The folders: $XDG_RUNTIME_DIR/flow where that is set to a folder of the user's, and
 * /tmp/flow-UID. Agents use the first, and are looked for in all: they may have started without the
 * variable. */
void control_folders(struct text_list *folders);

/* The file of AGENT in FOLDER; bytes that a file name may not have are written as %2F. */
char *control_file(const char *folder, const char *agent);

/* Makes FOLDER unless it is there.  Returns NULL when it is the user's alone, or why it cannot be
 * used, which the caller frees. */
char *control_folder_make(const char *folder);

/* Whether FOLDER is there and the user's alone. */
int control_folder_is_safe(const char *folder);

/* Fills ADDRESS; 0 when PATH is too long for one. */
int control_address(const char *path, struct sockaddr_un *address);

/* Whom the other end of a connection belongs to. */
struct ucred control_peer(int fd);

#endif
