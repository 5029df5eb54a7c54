/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_RESOLVE_H
#define FL_HDFS_RESOLVE_H

/* From hdfs.path to the servers that keep it. */

#include "base/map.h"
#include "base/vec.h"
#include "sinks/hdfs/options.h"

/* Properties of Hadoop: core-site.xml and hdfs-site.xml together. */
struct fl_hdfs_site {
    const flow_allocator *mem;
    struct fl_map values; /* name -> char * */
    struct fl_map finals; /* names whose value stays */
};

/* Reads both files of FOLDER, as far as they exist; NULL: none.  FLOW_EPARSE, FLOW_EIO. */
int fl_hdfs_site_load(struct fl_hdfs_site *site, const flow_allocator *mem, const char *folder,
                      const struct fl_io *io, flow_error **err);
void fl_hdfs_site_free(struct fl_hdfs_site *site);

/* Adds the properties of one text.  NAME stands for it in messages. */
int fl_hdfs_site_parse(struct fl_hdfs_site *site, const char *name, const char *text, size_t size,
                       flow_error **err);

/* The value of a property with "${...}" replaced, or NULL; the caller frees *VALUE. */
int fl_hdfs_site_get(const struct fl_hdfs_site *site, const char *name, char **value);

/* Where a path is. */
struct fl_hdfs_address {
    const flow_allocator *mem;
    int local;
    const char *user;   /* whom the servers are to see; lent */
    char *path;         /* below the server, or of the machine; escapes not yet expanded */
    struct fl_vec urls; /* of char *: "http://HOST:PORT" of each NameNode to try */
};

/* Resolves URL, which is hdfs.path; USER owns relative paths and is lent.  FLOW_EINVAL,
 * FLOW_ENOENT. */
int fl_hdfs_resolve(const struct fl_hdfs_site *site, const char *url, const char *user,
                    struct fl_hdfs_address *address, flow_error **err);
void fl_hdfs_address_free(struct fl_hdfs_address *address);

#endif
