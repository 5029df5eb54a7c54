/* SPDX-License-Identifier: Apache-2.0 */

/* `flow consumer`: asks a running agent through its control socket. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"
#include "control.h"

static int say_no(const char *path, const char *why)
{
    fprintf(stderr, "Error: %s: %s\n", path, why);
    return EXIT_FAILURE_RUN;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (strlen(path) >= sizeof address.sun_path)
        errno = ENAMETOOLONG;
    else
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    strcpy(address.sun_path, path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int fault = errno;
    close(fd);
    errno = fault;
    return -1;
}

/* Puts a word and its NUL into the request; 0 when that gets too long. */
static int add_word(char *room, size_t *size, const char *word)
{
    size_t more = strlen(word) + 1;

    if (*size + more > CONTROL_ROOM - 1)
        return 0;
    memcpy(room + *size, word, more);
    *size += more;
    return 1;
}

static size_t make_request(const struct options *options, char *room)
{
    size_t size = 0;
    int fits = add_word(room, &size, options->channel ? options->channel : "") &&
               add_word(room, &size, options->json ? "json" : "text");

    for (size_t i = 0; i < options->words.count && fits; i++)
        fits = add_word(room, &size, options->words.items[i]);
    return fits && options->words.count + 2 <= CONTROL_WORDS ? size : 0;
}

static int send_request(int fd, const char *room, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, room, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return -1;
        room += sent;
        size -= (size_t)sent;
    }
    return shutdown(fd, SHUT_WR);
}

/* Prints the answer; what is wrong goes to standard error. */
static int print_answer(int fd, const char *path)
{
    FILE *in = fdopen(fd, "r");
    char room[8192];
    int status = -1;
    size_t got;

    if (!in)
        close(fd);
    if (!in || fscanf(in, "%d", &status) != 1 || fgetc(in) != '\n') {
        if (in)
            fclose(in);
        return say_no(path, "the agent gives no answer");
    }
    FILE *out = status == EXIT_OK ? stdout : stderr;
    if (status != EXIT_OK)
        fputs("Error: ", out);
    while ((got = fread(room, 1, sizeof room, in)) > 0)
        fwrite(room, 1, got, out);
    fclose(in);
    return status;
}

int command_consumer(struct options *options)
{
    char room[CONTROL_ROOM];
    size_t size = make_request(options, room);

    if (!options->control || !options->words.count || !size) {
        fputs(options->control ? "Error: say what to do: list, add, seek, pause, resume, remove, "
                                 "dead or replay; see `flow help`\n"
                               : "Error: give the --control-socket that the agent was started "
                                 "with\n",
              stderr);
        return EXIT_USAGE;
    }
    int fd = connect_to(options->control);
    if (fd < 0)
        return say_no(options->control, strerror(errno));
    if (send_request(fd, room, size) != 0) {
        close(fd);
        return say_no(options->control, "the agent takes no request");
    }
    return print_answer(fd, options->control);
}
