/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_MULTI_H
#define FL_HDFS_MULTI_H

#include <curl/curl.h>

#include <flow/library.h>

/*
 * A multi handle whose descriptors are closed when the process executes another program; NULL
 * without memory.
 */
CURLM *fl_hdfs_multi_new(const flow_allocator *mem);

#endif
