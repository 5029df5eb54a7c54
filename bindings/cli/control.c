/* SPDX-License-Identifier: Apache-2.0 */

#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control_path.h"
#include "control_request.h"
#include "near.h"

#define PATIENCE_MS 10000

/* ---- answers ---- */

static void print_error(FILE *out, flow_error *err)
{
    struct json json = {.out = out, .is_line = 1};

    json_object(&json, NULL);
    json_object(&json, "error");
    json_text(&json, "code", flow_error_name(flow_error_code(err)));
    json_number(&json, "number", flow_error_code(err));
    json_text(&json, "message", flow_error_message(err));
    json_word(&json, "retriable", flow_error_retriable(err) ? "true" : "false");
    json_end(&json);
    json_end(&json);
    putc('\n', out);
    flow_error_free(err);
}

static void refuse(FILE *out, int code, const char *text)
{
    flow_error *err = NULL;

    flow_error_set(&err, code, text);
    print_error(out, err);
}

/* ---- requests ---- */

static const struct control_command *find_command(const char *name, flow_error **err)
{
    struct near near = near_begin(name ? name : "");

    for (const struct control_command *one = control_consumer_commands; one->name; one++) {
        if (name && strcmp(one->name, name) == 0)
            return one;
        near_offer(&near, one->name);
    }
    char *hint = near_hint(&near);
    if (name)
        flow_error_setf(err, FLOW_EINVAL, "there is no command '%s'%s", name, hint);
    else
        flow_error_set(err, FLOW_EINVAL, "a request is an object with a text 'command'");
    free(hint);
    return NULL;
}

/* Whoever changes something is told of in the log. */
static void note(struct control *control, const struct control_command *command,
                 const struct control_request *request)
{
    if (command->is_change)
        log_say(control->log, FLOW_LOG_INFO, "by the control socket: %s, consumer '%s' of %s",
                command->name, request->consumer, request->channel_name);
}

/* Runs BODY's command; writes the members of its result into *TEXT, which the caller frees. */
static int perform(struct control *control, const struct json_value *body, char **text,
                   flow_error **err)
{
    struct control_request request = {.pipeline = control->pipeline, .body = body};
    const struct control_command *command = find_command(json_member_text(body, "command"), err);
    size_t size;

    if (!command)
        return FLOW_EINVAL;
    int rc = control_check_members(body, command, err);
    if (rc != FLOW_OK)
        return rc;
    FILE *out = open_memstream(text, &size);
    if (!out)
        return flow_error_set(err, FLOW_ENOMEM, "no memory");
    struct json json = {.out = out, .is_line = 1};
    json_object(&json, NULL);
    json_object(&json, "result");
    rc = command->run(&request, &json, err);
    json_end(&json);
    json_end(&json);
    fclose(out);
    if (rc == FLOW_OK)
        note(control, command, &request);
    return rc;
}

static void answer_body(struct control *control, const struct json_value *body, FILE *out)
{
    flow_error *err = NULL;
    char *text = NULL;

    if (perform(control, body, &text, &err) == FLOW_OK)
        fprintf(out, "%s\n", text);
    else
        print_error(out, err);
    free(text);
}

/* With the lock. */
static enum server_next answer_now(struct control *control, const char *request, size_t size,
                                   FILE *out)
{
    struct json_value body;
    char *why;

    if (!control->pipeline)
        return SERVER_LATER;
    if (json_read(request, size, &body, &why)) {
        answer_body(control, &body, out);
        json_free(&body);
    } else {
        refuse(out, FLOW_EPARSE, why);
        free(why);
    }
    return SERVER_KEEP;
}

/* ---- the protocol ---- */

static size_t find_line(const char *data, size_t size)
{
    const char *end = memchr(data, '\n', size);

    return end ? (size_t)(end - data) + 1 : 0;
}

/* The mode of the socket keeps others out; this does so too where that has been changed. */
static enum server_next greet(void *self, int fd, FILE *out)
{
    struct control *control = self;
    struct json json = {.out = out, .is_line = 1};
    struct ucred peer = control_peer(fd);

    if (peer.uid != geteuid() && peer.uid != 0) {
        log_say(control->log, FLOW_LOG_WARN, "user %lu may not use the control socket",
                (unsigned long)peer.uid);
        refuse(out, FLOW_ESTATE, "the agent belongs to another user");
        return SERVER_CLOSE;
    }
    json_object(&json, NULL);
    json_text(&json, "flow", flow_version_string());
    json_number(&json, "protocol", CONTROL_PROTOCOL);
    json_text(&json, "agent", control->agent);
    json_number(&json, "process", getpid());
    json_end(&json);
    putc('\n', out);
    return SERVER_KEEP;
}

static enum server_next answer(void *self, const char *request, size_t size, FILE *out)
{
    struct control *control = self;

    pthread_mutex_lock(&control->lock);
    enum server_next next = answer_now(control, request, size, out);
    pthread_mutex_unlock(&control->lock);
    return next;
}

static void refuse_size(void *self, FILE *out)
{
    (void)self;
    refuse(out, FLOW_ETOOBIG, "a request is at most 65536 bytes long");
}

static const struct server_protocol protocol = {
    .name = "control",
    .room = CONTROL_ROOM,
    .patience = PATIENCE_MS,
    .idle = -1,
    .find = find_line,
    .greet = greet,
    .answer = answer,
    .refuse = refuse_size,
};

/* ---- the socket ---- */

void control_init(struct control *control)
{
    *control = (struct control){.server.listener = -1};
    pthread_mutex_init(&control->lock, NULL);
}

void control_destroy(struct control *control)
{
    pthread_mutex_destroy(&control->lock);
}

void control_open(struct control *control, const struct options *options, const char *agent,
                  struct log *log)
{
    control->agent = agent;
    control->log = log;
    if (options->no_control)
        return;
    char *why = control_socket_open(&control->socket, options, agent);
    if (!why) {
        int number = server_start(&control->server, control->socket.fd, &protocol, control);
        if (!number) {
            log_say(log, FLOW_LOG_INFO, "control socket %s", control->socket.path);
            return;
        }
        why = text_copy(strerror(number));
        control_socket_remove(&control->socket);
    }
    log_say(log, FLOW_LOG_WARN,
            "no control socket: %s; `flow consumer` cannot reach this agent (see "
            "--control-socket and --no-control)",
            why);
    free(why);
}

void control_close(struct control *control)
{
    if (control->server.listener < 0)
        return;
    control_socket_remove(&control->socket); /* so that nobody comes who would not be served */
    server_stop(&control->server);
}

void control_show(struct control *control, flow_pipeline *pipeline)
{
    pthread_mutex_lock(&control->lock);
    control->pipeline = pipeline;
    pthread_mutex_unlock(&control->lock);
    if (pipeline)
        server_wake(&control->server);
}
