/* SPDX-License-Identifier: Apache-2.0 */

#include "fake_agent.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <check.h>

#include "wire/avro_request.h"
#include "wire/thrift.h"

/* A connection, by its place among the agent's. */
struct visit {
    struct fake_agent *agent;
    int fd;
    struct fl_avro_ipc ipc;
    struct fl_buf bodies; /* of the call under way */
    unsigned events;
    struct fl_buf answers;
    unsigned held; /* answers among these */
    unsigned answered;
    int over;
};

static enum fake_habit habit_now(struct fake_agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    enum fake_habit habit = agent->calls >= agent->from ? agent->habit : FAKE_OK;
    pthread_mutex_unlock(&agent->lock);
    return habit;
}

static void send_all(struct visit *visit, const uint8_t *data, size_t size, size_t step)
{
    while (size > 0 && !visit->over) {
        ssize_t sent = send(visit->fd, data, size < step ? size : step, MSG_NOSIGNAL);
        if (sent <= 0) {
            visit->over = 1;
            return;
        }
        data += sent;
        size -= (size_t)sent;
        if (step < size)
            usleep(100);
    }
}

/* ---- Avro ---- */

static void put_handshake(struct fl_buf *out, struct visit *visit, enum fl_avro_match match)
{
    static const uint8_t libflow[] = {0,   0,   0,   2,   2,   14, 'l', 'i',
                                      'b', 'f', 'l', 'o', 'w', 2,  '1', 0};

    if (match == FL_AVRO_NO_HANDSHAKE)
        return;
    if (visit->agent->is_libflow)
        fl_buf_append(out, libflow, sizeof libflow);
    else
        fl_buf_append(out, "\0\0\0\0", 4);
}

static void put_result(struct fl_buf *out, enum fake_habit habit)
{
    static const char error[] = "java.lang.Oops: no";

    fl_buf_byte(out, 0);
    fl_buf_byte(out, habit == FAKE_ERROR);
    if (habit == FAKE_ERROR) {
        fl_buf_byte(out, 0);
        fl_avro_put_text(out, error);
    } else {
        fl_buf_byte(out, habit == FAKE_REFUSE ? 2 : 0);
    }
}

static void put_answer(struct visit *visit, const struct fl_avro_call *call, enum fake_habit habit)
{
    struct fl_buf payload;

    fl_buf_init(&payload, NULL);
    put_handshake(&payload, visit, call->match);
    put_result(&payload, habit);
    fl_buf_be32(&visit->answers, call->serial + (habit == FAKE_OTHER_CALL));
    fl_buf_be32(&visit->answers, 2);
    fl_buf_be32(&visit->answers, 0);
    fl_buf_be32(&visit->answers, (uint32_t)payload.size);
    fl_buf_append(&visit->answers, payload.data, payload.size);
    fl_buf_free(&payload);
}

static void note_event(struct visit *visit, const uint8_t *body, size_t size)
{
    fl_buf_append(&visit->bodies, body, size);
    fl_buf_byte(&visit->bodies, '\n');
    visit->events++;
}

static void accept_events(struct visit *visit)
{
    struct fake_agent *agent = visit->agent;

    pthread_mutex_lock(&agent->lock);
    agent->accepted += visit->events;
    fl_buf_append(&agent->bodies, visit->bodies.data, visit->bodies.size);
    pthread_mutex_unlock(&agent->lock);
}

static void count_call(struct visit *visit)
{
    pthread_mutex_lock(&visit->agent->lock);
    visit->agent->calls++;
    pthread_mutex_unlock(&visit->agent->lock);
    fl_buf_clear(&visit->bodies);
    visit->events = 0;
}

static void flush(struct visit *visit, size_t step)
{
    send_all(visit, visit->answers.data, visit->answers.size, step);
    fl_buf_clear(&visit->answers);
    visit->answered += visit->held;
    visit->held = 0;
}

/* Sends the answer that HABIT makes of the one that is ready. */
static void answer(struct visit *visit, enum fake_habit habit)
{
    switch (habit) {
    case FAKE_SILENCE: fl_buf_clear(&visit->answers); break;
    case FAKE_BYTEWISE: flush(visit, 1); break;
    case FAKE_HANG_UP: visit->over = 1; break;
    case FAKE_HALF_ANSWER:
        visit->answers.size /= 2;
        flush(visit, SIZE_MAX);
        visit->over = 1;
        break;
    case FAKE_NONSENSE: send_all(visit, (const uint8_t *)"HTTP/1.1 400 No\r\n", 17, 17); break;
    default:
        visit->held++;
        if (visit->answered == 0 || visit->held >= visit->agent->hold)
            flush(visit, SIZE_MAX);
    }
}

static int is_accepted(enum fake_habit habit)
{
    return habit == FAKE_OK || habit == FAKE_BYTEWISE || habit == FAKE_STRANGER;
}

static void note_stamp(struct visit *visit)
{
    const uint8_t *data;
    size_t size;

    pthread_mutex_lock(&visit->agent->lock);
    fl_buf_clear(&visit->agent->stamp);
    if (fl_avro_ipc_metadata(&visit->ipc, FL_AVRO_STAMP_KEY, &data, &size))
        fl_buf_append(&visit->agent->stamp, data, size);
    pthread_mutex_unlock(&visit->agent->lock);
}

static void end_avro_call(struct visit *visit)
{
    enum fake_habit habit = habit_now(visit->agent);

    if (visit->ipc.call.kind == FL_AVRO_STRANGER) {
        fl_avro_ipc_put_answer(&visit->answers, &visit->ipc);
        flush(visit, SIZE_MAX);
        return;
    }
    note_stamp(visit);
    if (is_accepted(habit))
        accept_events(visit);
    put_answer(visit, &visit->ipc.call, habit);
    count_call(visit);
    answer(visit, habit);
}

/* Flume's own hash is known to this decoder, so it is made another before it comes to it. */
static void estrange(uint8_t *data, ssize_t size, int first)
{
    if (first && size > 28 && data[28] == 0)
        data[12] ^= 0xff;
}

static void hear_avro(struct visit *visit, uint8_t *data, ssize_t size)
{
    struct fl_avro_in in = fl_avro_in(data, (size_t)size);
    int rc;

    while (!visit->over && (rc = fl_avro_ipc_next(&visit->ipc, &in, NULL)) != 0) {
        if (rc == FL_AVRO_IPC_EVENT)
            note_event(visit, visit->ipc.body, visit->ipc.body_size);
        else if (rc == FL_AVRO_IPC_CALL)
            end_avro_call(visit);
        else
            visit->over = 1;
    }
}

static void serve_avro(struct visit *visit)
{
    static _Thread_local uint8_t data[65536];
    ssize_t size;
    int first = 1;

    fl_avro_ipc_init(&visit->ipc, NULL, 1u << 30);
    while (!visit->over && (size = recv(visit->fd, data, sizeof data, 0)) > 0) {
        enum fake_habit habit = habit_now(visit->agent);
        if (habit == FAKE_HALF_REQUEST)
            break;
        if (habit == FAKE_STRANGER)
            estrange(data, size, first);
        first = 0;
        hear_avro(visit, data, size);
    }
    fl_avro_ipc_free(&visit->ipc);
}

/* ---- Thrift ---- */

static void answer_thrift(struct visit *visit, const uint8_t *message, size_t size)
{
    enum fake_habit habit = habit_now(visit->agent);
    struct fl_thrift_in in = {.protocol = message[0] == 0x82 ? FL_THRIFT_COMPACT : FL_THRIFT_BINARY,
                              .at = message,
                              .end = message + size};
    struct fl_buf reply;
    struct fl_thrift_head head;

    if (fl_thrift_get_head(&in, &head)) {
        visit->over = 1;
        return;
    }
    fl_buf_init(&reply, NULL);
    head.type = FL_THRIFT_REPLY;
    head.seq += habit == FAKE_OTHER_CALL;
    fl_thrift_put_head(&reply, in.protocol, &head);
    fl_thrift_put_field(&reply, in.protocol, FL_THRIFT_I32, 0, 0);
    fl_thrift_put_i32(&reply, in.protocol, habit == FAKE_REFUSE);
    fl_thrift_put_stop(&reply);
    fl_buf_be32(&visit->answers, (uint32_t)reply.size);
    fl_buf_append(&visit->answers, reply.data, reply.size);
    fl_buf_free(&reply);
    count_call(visit);
    answer(visit, habit);
}

static void hear_thrift(struct visit *visit, struct fl_buf *in)
{
    while (!visit->over && in->size >= 4) {
        uint32_t size = (uint32_t)in->data[0] << 24 | (uint32_t)in->data[1] << 16 |
                        (uint32_t)in->data[2] << 8 | in->data[3];
        if (in->size - 4 < size)
            return;
        answer_thrift(visit, in->data + 4, size);
        fl_buf_consume(in, 4 + size);
    }
}

static void serve_thrift(struct visit *visit)
{
    struct fl_buf in;
    uint8_t data[4096];
    ssize_t size;

    fl_buf_init(&in, NULL);
    while (!visit->over && (size = recv(visit->fd, data, sizeof data, 0)) > 0) {
        if (habit_now(visit->agent) == FAKE_HALF_REQUEST)
            break;
        fl_buf_append(&in, data, (size_t)size);
        hear_thrift(visit, &in);
    }
    fl_buf_free(&in);
}

/* ---- connections ---- */

static void leave(struct visit *visit)
{
    struct fake_agent *agent = visit->agent;

    pthread_mutex_lock(&agent->lock);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
        if (agent->fds[i] == visit->fd)
            agent->fds[i] = -1;
    agent->open--;
    pthread_mutex_unlock(&agent->lock);
    close(visit->fd);
}

static void *serve(void *arg)
{
    struct visit *visit = arg;

    if (visit->agent->is_thrift)
        serve_thrift(visit);
    else
        serve_avro(visit);
    leave(visit);
    fl_buf_free(&visit->bodies);
    fl_buf_free(&visit->answers);
    fl_free(NULL, visit);
    return NULL;
}

/* Takes a place whose last visitor has gone, and needs the lock no more; locked. */
static size_t find_place(struct fake_agent *agent)
{
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
        if (agent->fds[i] < 0) {
            if (agent->used[i])
                pthread_join(agent->threads[i], NULL);
            return i;
        }
    ck_abort_msg("too many connections");
    return 0;
}

static void *accept_all(void *arg)
{
    struct fake_agent *agent = arg;
    int fd;

    while ((fd = accept(agent->listener, NULL, NULL)) >= 0) {
        struct visit *visit = fl_zalloc(NULL, sizeof *visit);
        visit->agent = agent;
        visit->fd = fd;
        fl_buf_init(&visit->bodies, NULL);
        fl_buf_init(&visit->answers, NULL);
        pthread_mutex_lock(&agent->lock);
        agent->connections++;
        agent->open++;
        size_t place = find_place(agent);
        agent->fds[place] = fd;
        agent->used[place] = 1;
        ck_assert_int_eq(pthread_create(&agent->threads[place], NULL, serve, visit), 0);
        pthread_mutex_unlock(&agent->lock);
    }
    return NULL;
}

static void make(struct fake_agent *agent)
{
    pthread_mutex_init(&agent->lock, NULL);
    fl_buf_init(&agent->bodies, NULL);
    fl_buf_init(&agent->stamp, NULL);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
        agent->fds[i] = -1;
}

void fake_agent_start(struct fake_agent *agent)
{
    const int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(agent->port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;

    if (agent->port == 0)
        make(agent);
    agent->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(agent->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ck_assert_int_eq(bind(agent->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(agent->listener, 64), 0);
    ck_assert_int_eq(getsockname(agent->listener, (struct sockaddr *)&address, &size), 0);
    agent->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&agent->thread, NULL, accept_all, agent), 0);
    agent->running = 1;
}

void fake_agent_stop(struct fake_agent *agent)
{
    if (!agent->running)
        return;
    agent->running = 0;
    shutdown(agent->listener, SHUT_RDWR);
    pthread_join(agent->thread, NULL);
    close(agent->listener);
    pthread_mutex_lock(&agent->lock);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
        if (agent->fds[i] >= 0)
            shutdown(agent->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&agent->lock);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        if (agent->used[i])
            pthread_join(agent->threads[i], NULL);
        agent->used[i] = 0;
    }
}

void fake_agent_free(struct fake_agent *agent)
{
    fake_agent_stop(agent);
    fl_buf_free(&agent->bodies);
    fl_buf_free(&agent->stamp);
    pthread_mutex_destroy(&agent->lock);
}

void fake_agent_behave(struct fake_agent *agent, enum fake_habit habit, unsigned from)
{
    pthread_mutex_lock(&agent->lock);
    agent->habit = habit;
    agent->from = agent->calls + from;
    pthread_mutex_unlock(&agent->lock);
}

static unsigned read_number(struct fake_agent *agent, const unsigned *number)
{
    pthread_mutex_lock(&agent->lock);
    unsigned value = *number;
    pthread_mutex_unlock(&agent->lock);
    return value;
}

unsigned fake_agent_calls(struct fake_agent *agent)
{
    return read_number(agent, &agent->calls);
}

unsigned fake_agent_accepted(struct fake_agent *agent)
{
    return read_number(agent, &agent->accepted);
}

unsigned fake_agent_connections(struct fake_agent *agent)
{
    return read_number(agent, &agent->connections);
}

void fake_agent_expect(struct fake_agent *agent, const char *text)
{
    pthread_mutex_lock(&agent->lock);
    ck_assert_uint_eq(agent->bodies.size, strlen(text));
    ck_assert_mem_eq(agent->bodies.data, text, agent->bodies.size);
    pthread_mutex_unlock(&agent->lock);
}
