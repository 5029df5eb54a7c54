/* SPDX-License-Identifier: Apache-2.0 */

/* From hdfs.path to the HTTP addresses of NameNodes. */

#include <string.h>

#include "sinks/hdfs/resolve.h"
#include "suite.h"

#define PROPERTY(name, value) "<property><name>" name "</name><value>" value "</value></property>"
#define SITE(properties) "<?xml version=\"1.0\"?>\n<configuration>" properties "</configuration>"

/* Two name services: one of two NameNodes, one of one. */
static const char services[] =
    SITE(PROPERTY("dfs.nameservices", "east, west") PROPERTY("dfs.ha.namenodes.east", "nn1,nn2")
             PROPERTY("dfs.namenode.rpc-address.east.nn1", "e1.example:8020")
                 PROPERTY("dfs.namenode.http-address.east.nn1", "e1.example:9999")
                     PROPERTY("dfs.namenode.https-address.east.nn1", "e1.example:9443")
                         PROPERTY("dfs.namenode.rpc-address.east.nn2", "e2.example:8020")
                             PROPERTY("dfs.namenode.rpc-address.west", "w.example:9000")
                                 PROPERTY("dfs.namenode.http-address.west", "0.0.0.0:9871"));

/* Reads XML (NULL: none) and resolves URL. */
static int resolve(const char *xml, const char *url, struct fl_hdfs_address *address,
                   flow_error **err)
{
    struct fl_hdfs_site site;

    ck_assert_int_eq(fl_hdfs_site_load(&site, NULL, NULL, NULL, NULL), FLOW_OK);
    if (xml)
        ck_assert_int_eq(fl_hdfs_site_parse(&site, "x.xml", xml, strlen(xml), NULL), FLOW_OK);
    int rc = fl_hdfs_resolve(&site, url, "ann", address, err);
    fl_hdfs_site_free(&site);
    return rc;
}

/* Checks the path and the servers, of which there are two at most. */
static void assert_resolves(const char *xml, const char *url, const char *path, const char *first,
                            const char *second)
{
    const char *wanted[] = {first, second};
    struct fl_hdfs_address address;
    flow_error *err = NULL;

    int rc = resolve(xml, url, &address, &err);
    ck_assert_msg(rc == FLOW_OK, "%s: %s", url, flow_error_message(err));
    ck_assert_str_eq(address.path, path);
    ck_assert_uint_eq(address.urls.count, (size_t)(first != NULL) + (second != NULL));
    for (size_t i = 0; i < address.urls.count; i++)
        ck_assert_str_eq(*(char **)fl_vec_at(&address.urls, i), wanted[i]);
    ck_assert_int_eq(address.local, first == NULL);
    fl_hdfs_address_free(&address);
}

START_TEST(guesses_the_ports_without_a_configuration)
{
    assert_resolves(NULL, "hdfs://h:9000/a/%Y", "/a/%Y", "http://h:9870", "http://h:50070");
    assert_resolves(NULL, "hdfs://h/", "/", "http://h:9870", "http://h:50070");
    assert_resolves(NULL, "hdfs://[::1]:8020/a", "/a", "http://[::1]:9870", "http://[::1]:50070");
    assert_resolves(NULL, "webhdfs://h:1234/a", "/a", "http://h:1234", NULL);
    assert_resolves(NULL, "swebhdfs://h:1234/a", "/a", "https://h:1234", NULL);
    assert_resolves(NULL, "swebhdfs://h/a", "/a", "https://h:9871", "https://h:50470");
}
END_TEST

START_TEST(knows_local_folders)
{
    assert_resolves(NULL, "file:///var/log/%H", "/var/log/%H", NULL, NULL);
    assert_resolves(NULL, "file:/var", "/var", NULL, NULL);
    assert_resolves(NULL, "/var/log", "/var/log", NULL, NULL);
}
END_TEST

START_TEST(tries_all_name_nodes_of_a_service)
{
    struct fl_hdfs_address address;

    ck_assert_int_eq(resolve(services, "hdfs://east/a", &address, NULL), FLOW_OK);
    ck_assert_uint_eq(address.urls.count, 3);
    ck_assert_str_eq(*(char **)fl_vec_at(&address.urls, 0), "http://e1.example:9999");
    ck_assert_str_eq(*(char **)fl_vec_at(&address.urls, 1), "http://e2.example:9870");
    ck_assert_str_eq(*(char **)fl_vec_at(&address.urls, 2), "http://e2.example:50070");
    fl_hdfs_address_free(&address);
}
END_TEST

START_TEST(finds_the_http_server_of_an_rpc_address)
{
    assert_resolves(services, "hdfs://e1.example:8020/a", "/a", "http://e1.example:9999", NULL);
    assert_resolves(services, "hdfs://w.example:9000/a", "/a", "http://w.example:9871", NULL);
    assert_resolves(services, "hdfs://west/a", "/a", "http://w.example:9871", NULL);
    assert_resolves(services, "hdfs://x.example:9000/a", "/a", "http://x.example:9870",
                    "http://x.example:50070");
    assert_resolves(SITE(PROPERTY("dfs.namenode.rpc-address", "h:9000")
                             PROPERTY("dfs.namenode.http-address", "h:1")),
                    "hdfs://h:9000/a", "/a", "http://h:1", NULL);
    assert_resolves(SITE(PROPERTY("fs.defaultFS", "hdfs://h:9000/")
                             PROPERTY("dfs.namenode.http-address", "h:1")),
                    "hdfs://h:9000/a", "/a", "http://h:1", NULL);
}
END_TEST

START_TEST(completes_a_path_from_the_default_file_system)
{
    const char *xml = SITE(PROPERTY("fs.defaultFS", "hdfs://${boss}:8020") PROPERTY("boss", "b"));

    assert_resolves(xml, "/a", "/a", "http://b:9870", "http://b:50070");
    assert_resolves(xml, "hdfs:///a", "/a", "http://b:9870", "http://b:50070");
    assert_resolves(xml, "logs/%H", "/user/ann/logs/%H", "http://b:9870", "http://b:50070");
}
END_TEST

START_TEST(speaks_https_where_there_is_nothing_else)
{
    const char *xml = SITE(PROPERTY("dfs.http.policy", "HTTPS_ONLY") PROPERTY(
        "dfs.namenode.rpc-address", "h:8020") PROPERTY("dfs.namenode.https-address", "h:9443"));

    assert_resolves(xml, "hdfs://h:8020/a", "/a", "https://h:9443", NULL);
}
END_TEST

START_TEST(reads_what_people_write_into_these_files)
{
    assert_resolves("<!-- <property><name>fs.defaultFS</name><value>file:///</value></property> -->"
                    "<configuration>\n <property>\n  <value> hdfs://a&amp;b:1 </value>\n"
                    "  <!-- why --> <name>\n fs.defaultFS </name><final>true</final></property>\n"
                    "<property><name>fs.defaultFS</name><value>file:///</value></property>"
                    "</configuration>",
                    "/a", "/a", "http://a&b:9870", "http://a&b:50070");
}
END_TEST

static void assert_refused(const char *url, const char *why)
{
    struct fl_hdfs_address address;
    flow_error *err = NULL;

    ck_assert_int_eq(resolve(NULL, url, &address, &err), FLOW_EINVAL);
    ck_assert_msg(strstr(flow_error_message(err), why) != NULL, "%s: %s", url,
                  flow_error_message(err));
    flow_error_free(err);
}

START_TEST(refuses_what_it_cannot_reach)
{
    assert_refused("s3a://bucket/a", "'s3a' is no file system of this sink");
    assert_refused("hdfs:///a", "names no server");
    assert_refused("hdfs://%{host}/a", "escapes belong behind the name of the server");
}
END_TEST

START_TEST(says_when_a_file_is_no_configuration)
{
    struct fl_hdfs_site site;
    flow_error *err = NULL;

    fl_hdfs_site_load(&site, NULL, NULL, NULL, NULL);
    ck_assert_int_eq(fl_hdfs_site_parse(&site, "x.xml", "fs.x=1\n", 7, &err), FLOW_EPARSE);
    ck_assert_str_eq(flow_error_message(err), "x.xml: has no <configuration>");
    flow_error_free(err);
    fl_hdfs_site_free(&site);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"guesses_the_ports_without_a_configuration", guesses_the_ports_without_a_configuration},
        {"knows_local_folders", knows_local_folders},
        {"tries_all_name_nodes_of_a_service", tries_all_name_nodes_of_a_service},
        {"finds_the_http_server_of_an_rpc_address", finds_the_http_server_of_an_rpc_address},
        {"completes_a_path_from_the_default_file_system",
         completes_a_path_from_the_default_file_system},
        {"speaks_https_where_there_is_nothing_else", speaks_https_where_there_is_nothing_else},
        {"reads_what_people_write_into_these_files", reads_what_people_write_into_these_files},
        {"refuses_what_it_cannot_reach", refuses_what_it_cannot_reach},
        {"says_when_a_file_is_no_configuration", says_when_a_file_is_no_configuration},
    };
    return RUN_SUITE("hdfs addresses", tests);
}
