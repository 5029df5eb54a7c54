/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONTROL_CLIENT_H
#define CLI_CONTROL_CLIENT_H

/* The other end of control sockets. */

#include "json_read.h"
#include "options.h"

struct control_client {
    int fd;
    char *path;
    struct json_value greeting;
};

/*
 * Connects to the agent that --control-socket or --name says, or the only one that runs.  Returns
 * EXIT_OK, or another status after it has said what is wrong.
 */
int control_client_open(struct control_client *client, const struct options *options);
void control_client_close(struct control_client *client);

/*
 * Sends the line TEXT, without its end, and waits for the answer, as long as it takes.  Stores its
 * result in *RESULT, which the caller frees; returns an exit status as above, also for what the
 * agent refuses.
 */
int control_client_ask(struct control_client *client, const char *text, struct json_value *result);

#endif
