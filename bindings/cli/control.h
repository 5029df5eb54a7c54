/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

/*
 * The control socket of `flow agent`: who may use it sees and changes the running pipeline.  What
 * is spoken is in flow-control(5).
 */

#include <pthread.h>

#include <flow.h>

#include "control_socket.h"
#include "log.h"
#include "server.h"

#define CONTROL_PROTOCOL 1
#define CONTROL_ROOM (64u << 10) /* bytes of a request, its line feed included */

struct control {
    struct server server;
    struct control_socket socket;
    pthread_mutex_t lock;    /* of `pipeline`, also while a request is at work on it */
    flow_pipeline *pipeline; /* NULL: there is none; requests wait */
    const char *agent;
    struct log *log;
};

/* Before the rest; nothing is served yet. */
void control_init(struct control *control);
void control_destroy(struct control *control);

/*
 * Begins to serve AGENT, unless the options say that it should not.  A socket that cannot be had is
 * logged and no more.  OPTIONS, AGENT and LOG have to live until control_close.
 */
void control_open(struct control *control, const struct options *options, const char *agent,
                  struct log *log);

/* Ends all connections and removes the socket. */
void control_close(struct control *control);

/*
 * Has requests go to PIPELINE, which runs; NULL: they wait for the next one.  Waits for the request
 * that is at work.  What is shown is to be taken away before it is stopped.
 */
void control_show(struct control *control, flow_pipeline *pipeline);

#endif
