/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_AGENT_H
#define TESTS_SUPPORT_FAKE_AGENT_H

/*
 * An agent that receives events by Avro or Thrift on a port of this machine and does with each call
 * what the test wants.
 */

#include <pthread.h>
#include <stdint.h>

#include "base/buf.h"

/* What becomes of a call. */
enum fake_habit {
    FAKE_OK,
    FAKE_REFUSE,       /* status FAILED */
    FAKE_ERROR,        /* a system error, "java.lang.Oops: no" */
    FAKE_SILENCE,      /* no answer */
    FAKE_BYTEWISE,     /* accepted, the answer byte by byte */
    FAKE_HANG_UP,      /* the connection ends in place of the answer */
    FAKE_HALF_ANSWER,  /* and in the middle of it */
    FAKE_OTHER_CALL,   /* an answer to another call */
    FAKE_NONSENSE,     /* what is no answer */
    FAKE_STRANGER,     /* accepted from who tells the protocol's text, not known before */
    FAKE_HALF_REQUEST, /* the connection ends before the call was read */
};

#define FAKE_CONNECTIONS 64

struct fake_agent {
    int is_thrift;
    int is_libflow; /* says so in the handshake */
    unsigned hold;  /* so many calls are answered together, behind the first */

    pthread_mutex_t lock;  /* guards what follows */
    enum fake_habit habit; /* of calls from number FROM on, which counts from 0, OK before */
    unsigned from;
    unsigned calls;       /* that were complete */
    unsigned connections; /* accepted */
    unsigned open;
    unsigned accepted;    /* events of calls that were answered OK */
    struct fl_buf bodies; /* of these, a line each */
    struct fl_buf stamp;  /* of the last call */

    uint16_t port;
    int listener;
    int fds[FAKE_CONNECTIONS];
    pthread_t threads[FAKE_CONNECTIONS];
    int used[FAKE_CONNECTIONS];
    pthread_t thread;
    int running;
};

/* Listens on any port, or again on the one it had. */
void fake_agent_start(struct fake_agent *agent);

/* Ends all connections and listens no more. */
void fake_agent_stop(struct fake_agent *agent);
void fake_agent_free(struct fake_agent *agent);

/* From now on, calls from number FROM on, counted from this moment, meet HABIT. */
void fake_agent_behave(struct fake_agent *agent, enum fake_habit habit, unsigned from);

unsigned fake_agent_calls(struct fake_agent *agent);
unsigned fake_agent_accepted(struct fake_agent *agent);
unsigned fake_agent_connections(struct fake_agent *agent);

/* Ends the test unless the bodies accepted so far are those of TEXT, a line each. */
void fake_agent_expect(struct fake_agent *agent, const char *text);

#endif
