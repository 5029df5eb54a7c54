/* SPDX-License-Identifier: Apache-2.0 */

#include "control_client.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <flow.h>

#include "control.h"
#include "control_path.h"

#define GREETING_SECONDS 10
#define LINE_LIMIT ((size_t)64 << 20) /* far above what the agent with the most consumers says */

/* ---- lines ---- */

/* Reads up to a line feed, which is not kept.  Returns the line, or NULL with errno, 0 at the end
 * of what comes. */
static char *read_line(int fd)
{
    size_t room = 4096;
    size_t size = 0;
    char *line = text_room(room);

    for (;;) {
        ssize_t got = recv(fd, line + size, room - size, 0);
        if (got <= 0) {
            errno = got ? errno : 0;
            break;
        }
        size += (size_t)got;
        if (line[size - 1] == '\n') { /* nothing is said unasked, so nothing follows */
            line[size - 1] = '\0';
            return line;
        }
        if (size == room && room >= LINE_LIMIT) {
            errno = EMSGSIZE;
            break;
        }
        if (size == room)
            line = text_more(line, room *= 2, 1);
    }
    int number = errno;
    free(line);
    errno = number;
    return NULL;
}

static int send_line(int fd, const char *text)
{
    char *line = text_format("%s\n", text);
    const char *at = line;
    size_t left = strlen(line);

    while (left > 0) {
        ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);
        if (sent < 0)
            break;
        at += sent;
        left -= (size_t)sent;
    }
    free(line);
    return left == 0;
}

/* ---- connecting ---- */

static void set_timeout(int fd, int option, time_t seconds)
{
    struct timeval timeout = {.tv_sec = seconds};

    setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof timeout);
}

/* Reads what the agent says first; returns why it cannot be talked to, or NULL. */
static char *read_greeting(struct control_client *client)
{
    const struct json_value *member;
    char *line = read_line(client->fd);
    uint64_t protocol = 0;
    char *why = NULL;

    if (!line)
        return text_format("%s does not answer%s%s", client->path, errno ? ": " : "",
                           errno == EAGAIN ? "not within 10 seconds"
                           : errno         ? strerror(errno)
                                           : "");
    if (!json_read(line, strlen(line), &client->greeting, &why)) {
        free(why);
        why = text_format("%s is no control socket", client->path);
    } else if ((member = json_member(&client->greeting, "error"))) {
        const char *text = json_member_text(member, "message");
        why = text_format("%s: %s", client->path, text ? text : "refused");
    } else if (!json_value_unsigned(json_member(&client->greeting, "protocol"), &protocol) ||
               protocol != CONTROL_PROTOCOL) {
        const char *version = json_member_text(&client->greeting, "flow");
        why = text_format("%s speaks another version of the protocol, that of flow %s",
                          client->path, version ? version : "?");
    }
    free(line);
    return why;
}

/* Why there is no agent at the other end of PATH, by what `connect` said. */
static char *why_nobody(const char *path, int number)
{
    if (number == ECONNREFUSED)
        return text_format("nobody listens at %s any more", path);
    return text_format("%s: %s", path, strerror(number));
}

/* Only root talks to the agents of others; and nobody to one who made a socket in his place. */
static int is_trusted(int fd)
{
    uid_t peer = control_peer(fd).uid;

    return peer == geteuid() || geteuid() == 0;
}

/* Connects to PATH; returns NULL, or why that cannot be, which the caller frees. */
static char *connect_to(struct control_client *client, const char *path)
{
    struct sockaddr_un address;
    char *why;

    *client = (struct control_client){.fd = -1};
    if (!control_address(path, &address))
        return text_format("%s is too long for the path of a socket", path);
    client->path = text_copy(path);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd >= 0) {
        set_timeout(client->fd, SO_SNDTIMEO, GREETING_SECONDS);
        set_timeout(client->fd, SO_RCVTIMEO, GREETING_SECONDS);
    }
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        why = why_nobody(path, errno);
    else if (!is_trusted(client->fd))
        why = text_format("%s is the socket of another user", path);
    else
        why = read_greeting(client);
    if (why)
        control_client_close(client);
    else
        set_timeout(client->fd, SO_RCVTIMEO, 0);
    return why;
}

void control_client_close(struct control_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->path);
    json_free(&client->greeting);
    *client = (struct control_client){.fd = -1};
}

/* ---- which agent ---- */

/* The agent called NAME, in whichever folder it is. */
static int open_named(struct control_client *client, const char *name,
                      const struct text_list *folders)
{
    char *all = text_copy("");

    for (size_t i = 0; i < folders->count; i++) {
        char *path = control_file(folders->items[i], name);
        char *why = connect_to(client, path);
        char *before = all;
        free(path);
        if (!why)
            break;
        all = text_format("%s\n  %s", before, why);
        free(before);
        free(why);
    }
    if (client->fd < 0)
        fprintf(stderr,
                "Error: agent %s does not run, or has no control socket where it is looked "
                "for:%s\n",
                name, all);
    free(all);
    return client->fd < 0 ? EXIT_FAILURE_RUN : EXIT_OK;
}

/* Adds the sockets of FOLDER. */
static void add_sockets(struct text_list *paths, const char *folder)
{
    DIR *dir = control_folder_is_safe(folder) ? opendir(folder) : NULL;
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        size_t size = strlen(entry->d_name);
        size_t ending = strlen(CONTROL_ENDING);
        if (size <= ending || strcmp(entry->d_name + size - ending, CONTROL_ENDING) != 0)
            continue;
        char *path = text_format("%s/%s", folder, entry->d_name);
        text_list_add(paths, path);
        free(path);
    }
    if (dir)
        closedir(dir);
}

/* Connects to one of PATHS if it is the only one that answers; NAMES gets the agents that do. */
static void try_all(struct control_client *client, const struct text_list *paths,
                    struct text_list *names)
{
    for (size_t i = 0; i < paths->count; i++) {
        struct control_client one;
        char *why = connect_to(&one, paths->items[i]);
        const char *name = why ? NULL : json_member_text(&one.greeting, "agent");
        free(why);
        if (name)
            text_list_add(names, name);
        if (name && names->count == 1)
            *client = one;
        else
            control_client_close(&one);
    }
}

/* The only one that runs. */
static int open_only(struct control_client *client, const struct text_list *folders)
{
    struct text_list paths = {0};
    struct text_list names = {0};

    for (size_t i = 0; i < folders->count; i++)
        add_sockets(&paths, folders->items[i]);
    try_all(client, &paths, &names);
    int status = names.count == 1 ? EXIT_OK : names.count ? EXIT_USAGE : EXIT_FAILURE_RUN;
    if (names.count == 0) {
        fputs("Error: no agent with a control socket runs; looked into", stderr);
        for (size_t i = 0; i < folders->count; i++)
            fprintf(stderr, "%s %s", i ? " and" : "", folders->items[i]);
        putc('\n', stderr);
    } else if (names.count > 1) {
        fputs("Error: say which agent is meant, with --name: there is", stderr);
        for (size_t i = 0; i < names.count; i++)
            fprintf(stderr, "%s %s", i ? "," : "", names.items[i]);
        putc('\n', stderr);
        control_client_close(client);
    }
    text_list_free(&paths);
    text_list_free(&names);
    return status;
}

int control_client_open(struct control_client *client, const struct options *options)
{
    struct text_list folders = {0};

    *client = (struct control_client){.fd = -1};
    if (options->control_socket) {
        char *why = connect_to(client, options->control_socket);
        if (!why)
            return EXIT_OK;
        fprintf(stderr, "Error: no agent can be reached: %s\n", why);
        free(why);
        return EXIT_FAILURE_RUN;
    }
    control_folders(&folders);
    int status =
        options->name ? open_named(client, options->name, &folders) : open_only(client, &folders);
    text_list_free(&folders);
    return status;
}

/* ---- asking ---- */

static int lost(const struct control_client *client, int number)
{
    const char *agent = json_member_text(&client->greeting, "agent");

    fprintf(stderr, "Error: agent %s ended, or closed the connection, before it answered%s%s\n",
            agent ? agent : "", number ? ": " : "", number ? strerror(number) : "");
    return EXIT_FAILURE_RUN;
}

/* Says what the agent refused, and why. */
static int say_refusal(const struct json_value *error)
{
    const char *message = json_member_text(error, "message");
    const char *code = json_member_text(error, "code");

    fprintf(stderr, "Error: %s (%s)\n", message ? message : "", code ? code : "?");
    return code && strcmp(code, flow_error_name(FLOW_EINVAL)) == 0 ? EXIT_USAGE : EXIT_FAILURE_RUN;
}

/* Takes the result out of ANSWER. */
static int take_result(struct json_value *answer, struct json_value *result)
{
    const struct json_value *error = json_member(answer, "error");

    for (size_t i = 0; answer->kind == JSON_OBJECT && i < answer->count; i++) {
        if (strcmp(answer->items[i].name, "result") != 0)
            continue;
        *result = answer->items[i];
        free(result->name);
        result->name = NULL;
        answer->items[i] = (struct json_value){0};
        return EXIT_OK;
    }
    if (error)
        return say_refusal(error);
    fputs("Error: the agent's answer cannot be understood\n", stderr);
    return EXIT_FAILURE_RUN;
}

int control_client_ask(struct control_client *client, const char *text, struct json_value *result)
{
    struct json_value answer;
    char *why = NULL;

    *result = (struct json_value){0};
    char *line = send_line(client->fd, text) ? read_line(client->fd) : NULL;
    if (!line)
        return lost(client, errno);
    int is_read = json_read(line, strlen(line), &answer, &why);
    free(line);
    if (!is_read) {
        fprintf(stderr, "Error: the agent's answer cannot be understood: %s\n", why);
        free(why);
        return EXIT_FAILURE_RUN;
    }
    int status = take_result(&answer, result);
    json_free(&answer);
    return status;
}
