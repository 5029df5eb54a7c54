/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_ANSWER_H
#define FL_HDFS_ANSWER_H

/* What a NameNode or DataNode means by an answer. */

#include "base/buf.h"
#include "sinks/hdfs/target.h"

/* Stores the value of the first member NAME of a JSON text, unescaped, as text; 0 when there is
 * none.  Objects are looked through, not told apart: WebHDFS repeats no name. */
int fl_hdfs_json_member(const struct fl_buf *json, const char *name, struct fl_buf *value);

struct fl_hdfs_reply {
    enum fl_hdfs_answer answer;
    int standby;    /* another NameNode is to be asked */
    int redirected; /* 307 */
    uint64_t length;
    flow_error *error;
};

/* Reads an answer with STATUS and BODY to OP. */
void fl_hdfs_reply_read(enum fl_hdfs_op op, long status, const struct fl_buf *body,
                        struct fl_hdfs_reply *reply);

#endif
