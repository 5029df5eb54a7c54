/* SPDX-License-Identifier: Apache-2.0 */

#include "control_request.h"

#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "text.h"

/* ---- members ---- */

static int refuse_member(const struct control_command *command, const char *name, flow_error **err)
{
    struct near near = near_begin(name);

    for (size_t i = 0; command->members[i]; i++)
        near_offer(&near, command->members[i]);
    char *hint = near_hint(&near);
    int rc =
        flow_error_setf(err, FLOW_EINVAL, "%s has no member '%s'%s", command->name, name, hint);
    free(hint);
    return rc;
}

int control_check_members(const struct json_value *body, const struct control_command *command,
                          flow_error **err)
{
    for (size_t i = 0; i < body->count; i++) {
        const char *name = body->items[i].name;
        size_t at = 0;
        while (command->members[at] && strcmp(command->members[at], name) != 0)
            at++;
        if (!command->members[at] && strcmp(name, "command") != 0)
            return refuse_member(command, name, err);
    }
    return FLOW_OK;
}

int control_text(const struct control_request *request, const char *name, int is_required,
                 const char **text, flow_error **err)
{
    const struct json_value *member = json_member(request->body, name);

    *text = member && member->kind == JSON_TEXT ? member->text : NULL;
    if (member ? *text != NULL : !is_required)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EINVAL,
                           member ? "'%s' has to be a text" : "the member '%s' is missing", name);
}

int control_number(const struct control_request *request, const char *name, uint64_t *number,
                   flow_error **err)
{
    const struct json_value *member = json_member(request->body, name);

    *number = 0;
    if (!member || json_value_unsigned(member, number))
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EINVAL, "'%s' has to be a whole number from 0 on", name);
}

/* ---- channels ---- */

int control_channels(flow_pipeline *pipeline, struct text_list *names, flow_error **err)
{
    flow_metrics *metrics = NULL;
    flow_metric metric = {.struct_size = sizeof metric};
    int rc = flow_pipeline_metrics(pipeline, &metrics, err);

    if (rc != FLOW_OK)
        return rc;
    for (size_t i = 0; flow_metrics_at(metrics, i, &metric) == FLOW_OK; i++)
        if (metric.kind == FLOW_KIND_CHANNEL && strcmp(metric.name, "ChannelSize") == 0)
            text_list_add(names, metric.component);
    flow_metrics_free(metrics);
    return FLOW_OK;
}

static int no_channel(const struct control_request *request, flow_error **err)
{
    struct near near = near_begin(request->channel_name);
    struct text_list names = {0};

    control_channels(request->pipeline, &names, NULL);
    for (size_t i = 0; i < names.count; i++)
        near_offer(&near, names.items[i]);
    char *hint = near_hint(&near);
    int rc = flow_error_setf(err, FLOW_ENOENT, "the agent has no channel '%s'%s",
                             request->channel_name, hint);
    free(hint);
    text_list_free(&names);
    return rc;
}

int control_channel(struct control_request *request, flow_error **err)
{
    int rc = control_text(request, "channel", 1, &request->channel_name, err);

    if (rc != FLOW_OK)
        return rc;
    rc = flow_pipeline_channel(request->pipeline, request->channel_name, &request->channel, NULL);
    return rc == FLOW_OK ? rc : no_channel(request, err);
}
