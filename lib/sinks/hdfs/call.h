/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_CALL_H
#define FL_HDFS_CALL_H

/* One request to WebHDFS: to a NameNode, to the next if need be, and to a DataNode. */

#include <curl/curl.h>

#include "sinks/hdfs/kerberos.h"
#include "sinks/hdfs/resolve.h"
#include "sinks/hdfs/target.h"

struct fl_hdfs_web {
    struct fl_hdfs_target target;
    const struct fl_hdfs_options *options;
    const flow_allocator *mem;
    const struct fl_hdfs_address *address;
    CURLM *multi;
    CURLSH *share;                     /* cookies, by which a NameNode knows who authenticated */
    struct curl_slist *plain;          /* headers of requests to NameNodes */
    struct curl_slist *chunked;        /* and of uploads */
    char *who;                         /* "&user.name=..." and "&doas=..." */
    char *create;                      /* parameters of a creation */
    const char *ca_file;               /* or NULL */
    struct fl_hdfs_kerberos *kerberos; /* or NULL */
    size_t active;                     /* the NameNode that answered last */
    struct fl_hdfs_call *calls;
    struct fl_hdfs_request *refused; /* could not be started */
};

/* A request under way. */
struct fl_hdfs_call {
    struct fl_hdfs_web *web;
    struct fl_hdfs_request *request;
    CURL *easy;
    size_t node;  /* the NameNode it was sent to */
    size_t tries; /* NameNodes asked */
    int at_data;  /* the DataNode's turn */
    int added;    /* to the multi handle */
    int paused;   /* has nothing to send for the moment */
    int over;
    int64_t deadline;
    struct fl_buf url;
    struct fl_buf answer;
    char why[CURL_ERROR_SIZE];
    char no_ticket[200]; /* why libcurl has no ticket for the server, or "" */
    struct fl_hdfs_call *next;
};

/* Adds PATH with everything but letters, digits, "/" and a few marks escaped. */
int fl_hdfs_escape_url(struct fl_buf *url, const char *path);

/* Sends the request of a new call. */
void fl_hdfs_call_start(struct fl_hdfs_call *call);

/* Frees what libcurl 7.88 keeps of CURLOPT_COOKIEFILE over a reset and over the handle's end. */
void fl_hdfs_call_forget_cookie_file(struct fl_hdfs_call *call);

/* Takes what libcurl made of it; the call is over then, or goes on elsewhere. */
void fl_hdfs_call_end(struct fl_hdfs_call *call, CURLcode code);

#endif
