/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_SCHEMA_H
#define FL_HDFS_SCHEMA_H

#include <flow/schema.h>

/* The properties of the hdfs sink. */
extern const flow_schema fl_hdfs_schema;

#endif
