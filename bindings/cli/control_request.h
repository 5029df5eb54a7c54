/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONTROL_REQUEST_H
#define CLI_CONTROL_REQUEST_H

/* What a control socket can be asked. */

#include <flow.h>

#include "json_read.h"
#include "text.h"

struct control_request {
    flow_pipeline *pipeline;
    const struct json_value *body;
    flow_channel *channel; /* from here on: what the command looks up */
    const char *channel_name;
    const char *consumer;
};

struct control_command {
    const char *name;
    const char *const *members; /* what a request has besides "command", up to a NULL */
    int is_change;              /* something is different afterwards, and goes into the log */

    /* Writes what the request was answered with, between the brackets of an object.  Whatever it
     * wrote is of no account when it fails. */
    int (*run)(struct control_request *request, struct json *result, flow_error **err);
};

/* The commands on consumers, up to one without a name. */
extern const struct control_command control_consumer_commands[];

/* Fails unless COMMAND's members are all that BODY has. */
int control_check_members(const struct json_value *body, const struct control_command *command,
                          flow_error **err);

/* The text of the member NAME in *TEXT; NULL when it may be missing, and is. */
int control_text(const struct control_request *request, const char *name, int is_required,
                 const char **text, flow_error **err);

/* The same for a number; 0 when it is missing. */
int control_number(const struct control_request *request, const char *name, uint64_t *number,
                   flow_error **err);

/* Finds the channel that the member "channel" names. */
int control_channel(struct control_request *request, flow_error **err);

/* Adds the names of all channels to NAMES. */
int control_channels(flow_pipeline *pipeline, struct text_list *names, flow_error **err);

#endif
