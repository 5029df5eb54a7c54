/* SPDX-License-Identifier: Apache-2.0 */

/* Types: who may register what, who finds it, and who frees what came with it. */

#include <pthread.h>
#include <strings.h>
#include <string.h>

#include "core/library.h"
#include "core/registry.h"
#include "failing.h"
#include "suite.h"

static const flow_property one_property[] = {
    {.name = "size", .type = FLOW_TYPE_INT, .default_value = "1", .help = "A size."},
};

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .properties = one_property,
    .count = 1,
    .summary = "A source of the test.",
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    return FLOW_OK;
}

static void destroy(void *self)
{
}

static flow_source_ops source(const char *type, const char *aliases)
{
    return (flow_source_ops){.struct_size = sizeof(flow_source_ops),
                             .type = type,
                             .aliases = aliases,
                             .schema = &schema,
                             .create = create,
                             .destroy = destroy};
}

static void count_free(void *user)
{
    ++*(int *)user;
}

static flow_library *new_library(void)
{
    flow_library *lib;

    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    return lib;
}

static void free_library(flow_library *lib)
{
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}

static int add(flow_library *lib, const char *type, const char *aliases, flow_error **err)
{
    const flow_source_ops ops = source(type, aliases);

    return flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, err);
}

static int find(flow_library *lib, const char *name, flow_type_info *info)
{
    *info = (flow_type_info){.struct_size = sizeof(*info)};
    return flow_registry_find(flow_library_registry(lib), FLOW_KIND_SOURCE, name, info, NULL);
}

/* Whether anybody can find NAME. */
static int known(flow_library *lib, const char *name)
{
    flow_type_info info;

    return find(lib, name, &info) == FLOW_OK;
}

#define ck_refused(call, code, part)                                                               \
    do {                                                                                           \
        flow_error *err = NULL;                                                                    \
        ck_assert_int_eq(call, code);                                                              \
        ck_assert_int_eq(flow_error_code(err), code);                                              \
        ck_assert_msg(strstr(flow_error_message(err), part) != NULL, "%s",                         \
                      flow_error_message(err));                                                    \
        flow_error_free(err);                                                                      \
    } while (0)

/* ---- finding ---- */

START_TEST(a_type_is_found_by_all_its_names_in_any_case)
{
    flow_library *lib = new_library();
    flow_type_info info;

    ck_assert_int_eq(add(lib, "myTail", "tail2|com.stt.demo.MySource", NULL), FLOW_OK);
    ck_assert_int_eq(find(lib, "MYTAIL", &info), FLOW_OK);
    ck_assert_str_eq(info.type, "myTail");
    ck_assert_str_eq(info.origin, "host");
    ck_assert_uint_eq(info.kind, FLOW_KIND_SOURCE);
    ck_assert_uint_eq(info.struct_size, sizeof(info));
    ck_assert(known(lib, "Tail2"));
    ck_assert(known(lib, "com.stt.demo.mysource"));
    ck_assert(!known(lib, "tail2|com.stt.demo.MySource"));
    ck_assert(!known(lib, "com.stt.demo"));
    free_library(lib);
}
END_TEST

START_TEST(kinds_do_not_share_names)
{
    flow_library *lib = new_library();
    flow_type_info info = {.struct_size = sizeof(info)};

    ck_assert_int_eq(add(lib, "only-here", NULL, NULL), FLOW_OK);
    ck_assert_int_eq(
        flow_registry_find(flow_library_registry(lib), FLOW_KIND_SINK, "only-here", &info, NULL),
        FLOW_ENOENT);
    free_library(lib);
}
END_TEST

START_TEST(an_unknown_type_gets_a_hint)
{
    flow_library *lib = new_library();
    flow_type_info info = {.struct_size = sizeof(info)};
    flow_registry *registry = flow_library_registry(lib);

    ck_assert_int_eq(add(lib, "my-netcat", NULL, NULL), FLOW_OK);
    ck_refused(flow_registry_find(registry, FLOW_KIND_SOURCE, "my-netcta", &info, &err),
               FLOW_ENOENT, "unknown source type 'my-netcta': did you mean 'my-netcat'?");
    ck_refused(flow_registry_find(registry, 99, "x", &info, &err), FLOW_EINVAL, "a kind");
    free_library(lib);
}
END_TEST

START_TEST(types_are_listed_in_order_of_kind_and_name)
{
    flow_library *lib = new_library();
    flow_type_info last = {.kind = 0};
    flow_type_info info = {.struct_size = sizeof(info)};
    size_t mine = 0;
    size_t i = 0;

    ck_assert_int_eq(add(lib, "zz-last", NULL, NULL), FLOW_OK);
    ck_assert_int_eq(add(lib, "Aa-first", NULL, NULL), FLOW_OK);
    for (; flow_registry_at(flow_library_registry(lib), i, &info) == FLOW_OK; i++) {
        ck_assert(info.kind > last.kind ||
                  (info.kind == last.kind && strcasecmp(info.type, last.type) > 0));
        mine += strcmp(info.origin, "host") == 0;
        last = info;
    }
    ck_assert_uint_eq(mine, 2);
    ck_assert_int_eq(flow_registry_at(flow_library_registry(lib), i, &info), FLOW_ENOENT);
    free_library(lib);
}
END_TEST

START_TEST(an_older_caller_gets_what_it_knows)
{
    flow_library *lib = new_library();
    struct {
        flow_type_info info;
        uint64_t newer;
    } caller = {.info.struct_size = sizeof(caller), .newer = 7};

    ck_assert_int_eq(flow_registry_at(flow_library_registry(lib), 0, &caller.info), FLOW_OK);
    ck_assert_uint_eq(caller.newer, 0);
    caller.info.struct_size = 0;
    ck_assert_int_eq(flow_registry_at(flow_library_registry(lib), 0, &caller.info), FLOW_EINVAL);
    free_library(lib);
}
END_TEST

/* ---- names that are taken ---- */

START_TEST(a_taken_name_is_refused_and_both_owners_named)
{
    flow_library *lib = new_library();

    ck_assert_int_eq(add(lib, "one", "uno", NULL), FLOW_OK);
    ck_refused(add(lib, "UNO", NULL, &err), FLOW_EEXIST,
               "the source type 'UNO' of 'UNO' (host) is a name of 'one' (host) already");
    ck_refused(add(lib, "two", "zwei|ONE", &err), FLOW_EEXIST, "'one' (host) already");
    ck_assert(!known(lib, "two"));
    ck_assert(!known(lib, "zwei"));
    ck_assert_int_eq(add(lib, "zwei", NULL, NULL), FLOW_OK);
    free_library(lib);
}
END_TEST

START_TEST(the_names_of_a_module_are_kept_for_it)
{
    flow_library *lib = new_library();
    static const struct fl_module modules[] = {
        {FLOW_KIND_SOURCE, "heavy", "org.example.Heavy", "heavy.so"}};
    flow_type_info info = {.struct_size = sizeof(info)};

    fl_registry_set_modules(flow_library_registry(lib), modules, 1);
    ck_refused(add(lib, "mine", "HEAVY", &err), FLOW_EEXIST, "(module heavy.so)");
    ck_refused(flow_registry_find(flow_library_registry(lib), FLOW_KIND_SOURCE, "org.example.heavy",
                                  &info, &err),
               FLOW_EPLUGIN, "heavy.so");
    ck_refused(
        flow_registry_find(flow_library_registry(lib), FLOW_KIND_SOURCE, "haevy", &info, &err),
        FLOW_ENOENT, "did you mean 'heavy'?");
    free_library(lib);
}
END_TEST

START_TEST(an_absent_module_is_listed_without_schema)
{
    flow_library *lib = new_library();
    static const struct fl_module modules[] = {{FLOW_KIND_SOURCE, "heavy", "", "heavy.so"}};
    flow_type_info info = {.struct_size = sizeof(info)};
    size_t seen = 0;

    fl_registry_set_modules(flow_library_registry(lib), modules, 1);
    for (size_t i = 0; flow_registry_at(flow_library_registry(lib), i, &info) == FLOW_OK; i++) {
        if (strcmp(info.type, "heavy") == 0) {
            seen++;
            ck_assert_ptr_null(info.schema);
        }
    }
    ck_assert_uint_eq(seen, 1);
    free_library(lib);
}
END_TEST

/* ---- tables ---- */

START_TEST(a_table_too_small_is_refused)
{
    flow_library *lib = new_library();
    flow_source_ops ops = source("small", NULL);

    ops.struct_size = 0;
    ck_refused(flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, &err),
               FLOW_EABI, "the source table: struct_size is 0");
    ops.struct_size = offsetof(flow_source_ops, destroy);
    ck_refused(flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, &err),
               FLOW_EABI, "struct_size is ");
    ck_refused(flow_registry_add_source(flow_library_registry(lib), NULL, NULL, NULL, &err),
               FLOW_EINVAL, "NULL");
    free_library(lib);
}
END_TEST

START_TEST(an_old_table_lacks_its_last_members)
{
    flow_library *lib = new_library();
    flow_source_ops ops = source("old", NULL);
    const struct fl_type *type;

    /* An author's header that ended before `start` leaves whatever lies behind it. */
    memset((char *)&ops + offsetof(flow_source_ops, start), 0x5a,
           sizeof(ops) - offsetof(flow_source_ops, start));
    ops.struct_size = offsetof(flow_source_ops, start);
    ck_assert_int_eq(flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, NULL),
                     FLOW_OK);
    ck_assert_int_eq(
        fl_registry_lookup(flow_library_registry(lib), FLOW_KIND_SOURCE, "old", &type, NULL, NULL),
        FLOW_OK);
    ck_assert(type->ops.source.start == NULL);
    ck_assert(type->ops.source.poll == NULL);
    free_library(lib);
}
END_TEST

START_TEST(a_new_table_has_members_we_do_not_know)
{
    flow_library *lib = new_library();
    struct {
        flow_source_ops ops;
        void (*newer)(void);
    } table = {.ops = source("new", NULL), .newer = (void (*)(void))create};

    table.ops.struct_size = sizeof(table);
    ck_assert_int_eq(
        flow_registry_add_source(flow_library_registry(lib), &table.ops, NULL, NULL, NULL),
        FLOW_OK);
    ck_assert(known(lib, "new"));
    free_library(lib);
}
END_TEST

START_TEST(a_missing_function_or_name_is_refused)
{
    flow_library *lib = new_library();
    flow_registry *registry = flow_library_registry(lib);
    flow_source_ops ops = source("x", NULL);

    ops.destroy = NULL;
    ck_refused(flow_registry_add_source(registry, &ops, NULL, NULL, &err), FLOW_EINVAL,
               "source type 'x': the table lacks 'destroy'");
    ck_refused(add(lib, "", NULL, &err), FLOW_EINVAL, "has no name");
    ck_refused(add(lib, "a b", NULL, &err), FLOW_EINVAL, "with spaces");
    ops = source("x", NULL);
    ops.schema = NULL;
    ck_refused(flow_registry_add_source(registry, &ops, NULL, NULL, &err), FLOW_EINVAL,
               "has no schema");
    free_library(lib);
}
END_TEST

/* ---- schemas ---- */

static int add_property(flow_library *lib, const flow_property *property, flow_error **err)
{
    flow_schema one = schema;
    flow_source_ops ops = source("with-property", NULL);

    one.properties = property;
    ops.schema = &one;
    return flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, err);
}

START_TEST(a_schema_that_makes_no_sense_is_refused)
{
    flow_library *lib = new_library();
    const struct {
        flow_property property;
        const char *message;
    } cases[] = {
        {{.type = FLOW_TYPE_INT, .help = "H."}, "has no name"},
        {{.name = "p", .type = FLOW_TYPE_INT}, "has no help"},
        {{.name = "p.", .type = FLOW_TYPE_INT, .help = "H."}, "must end in '.'"},
        {{.name = "p", .type = FLOW_TYPE_INT, .flags = FLOW_PROPERTY_PREFIX, .help = "H."},
         "must end in '.'"},
        {{.name = "p", .type = FLOW_TYPE_CHOICE, .help = "H."}, "has no choices"},
        {{.name = "p", .type = FLOW_TYPE_COMPONENT, .help = "H."}, "names no kind"},
        {{.name = "p", .type = FLOW_TYPE_INT, .min = 2, .max = 1, .help = "H."}, "range"},
        {{.name = "p", .type = FLOW_TYPE_INT, .default_value = "x", .help = "H."},
         "property 'p' has a default that is not of its own type"},
        {{.name = "p",
          .type = FLOW_TYPE_INT,
          .flags = FLOW_PROPERTY_REQUIRED,
          .default_value = "1",
          .help = "H."},
         "is required and has a default"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_refused(add_property(lib, &cases[i].property, &err), FLOW_EINVAL, cases[i].message);
    const flow_property unknown = {.name = "p", .type = 99, .help = "H."};
    ck_refused(add_property(lib, &unknown, &err), FLOW_EABI, "too old to know");
    free_library(lib);
}
END_TEST

START_TEST(a_schema_of_newer_headers_is_read_in_their_steps)
{
    struct newer_property {
        flow_property property;
        uint64_t newer;
    } properties[] = {
        {{.name = "one", .type = FLOW_TYPE_INT, .help = "H."}, 1},
        {{.name = "two", .type = FLOW_TYPE_INT, .help = "H."}, 2},
    };
    flow_schema newer = {.struct_size = sizeof(newer),
                         .property_size = sizeof(properties[0]),
                         .properties = &properties[0].property,
                         .count = 2,
                         .summary = "S."};
    flow_source_ops ops = source("newer", NULL);
    flow_library *lib = new_library();
    flow_type_info info;

    ops.schema = &newer;
    ck_assert_int_eq(flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, NULL),
                     FLOW_OK);
    ck_assert_int_eq(find(lib, "newer", &info), FLOW_OK);
    ck_assert_uint_eq(info.schema->property_size, sizeof(flow_property));
    ck_assert_str_eq(info.schema->properties[1].name, "two");

    newer.property_size = 8;
    ops.type = "older";
    ck_refused(flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, &err),
               FLOW_EABI, "property_size");
    free_library(lib);
}
END_TEST

#define SCHEMA(table, more)                                                                        \
    {                                                                                              \
        .struct_size = sizeof(flow_schema),                                                        \
        .property_size = sizeof(flow_property),                                                    \
        .properties = (table),                                                                     \
        .count = sizeof(table) / sizeof((table)[0]),                                               \
        .summary = "S.",                                                                           \
        .parts = (more),                                                                           \
    }

static int add_schema(flow_library *lib, const char *type, const flow_schema *with,
                      flow_error **err)
{
    flow_source_ops ops = source(type, NULL);

    ops.schema = with;
    return flow_registry_add_source(flow_library_registry(lib), &ops, NULL, NULL, err);
}

START_TEST(what_parts_have_belongs_to_the_schema)
{
    const flow_property lowest_properties[] = {
        {.name = "four", .type = FLOW_TYPE_INT, .default_value = "4", .help = "H."}};
    const flow_schema lowest = SCHEMA(lowest_properties, NULL);
    const flow_schema *const lower_parts[] = {&lowest, NULL};
    const flow_property lower_properties[] = {
        {.name = "two", .type = FLOW_TYPE_INT, .help = "H."},
        {.name = "three", .type = FLOW_TYPE_INT, .help = "H."}};
    const flow_schema lower = SCHEMA(lower_properties, lower_parts);
    const flow_schema *const parts[] = {&lower, NULL};
    const flow_property own[] = {{.name = "one", .type = FLOW_TYPE_INT, .help = "H."}};
    const flow_schema whole = SCHEMA(own, parts);
    static const char *const names[] = {"one", "two", "three", "four"};
    flow_library *lib = new_library();
    flow_type_info info;

    ck_assert_int_eq(add_schema(lib, "whole", &whole, NULL), FLOW_OK);
    ck_assert_int_eq(find(lib, "whole", &info), FLOW_OK);
    ck_assert_uint_eq(info.schema->count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(info.schema->properties[i].name, names[i]);
    ck_assert_str_eq(info.schema->properties[3].default_value, "4");
    ck_assert_ptr_null(info.schema->parts);
    free_library(lib);
}
END_TEST

START_TEST(the_schema_of_an_older_header_has_no_parts)
{
    const flow_property own[] = {{.name = "one", .type = FLOW_TYPE_INT, .help = "H."}};
    flow_schema older = SCHEMA(own, (const flow_schema *const *)1);
    flow_library *lib = new_library();

    older.struct_size = offsetof(flow_schema, parts);
    ck_assert_int_eq(add_schema(lib, "older", &older, NULL), FLOW_OK);
    free_library(lib);
}
END_TEST

START_TEST(parts_that_make_no_sense_are_refused)
{
    const flow_property own[] = {{.name = "one", .type = FLOW_TYPE_INT, .help = "H."}};
    const flow_property bad[] = {{.name = "two", .type = FLOW_TYPE_INT}};
    const flow_schema twin = SCHEMA(own, NULL);
    const flow_schema faulty = SCHEMA(bad, NULL);
    const flow_schema *endless_parts[2] = {NULL, NULL};
    const flow_schema endless = SCHEMA(own, endless_parts);
    const flow_schema *const twins[] = {&twin, NULL};
    const flow_schema *const faults[] = {&faulty, NULL};
    const flow_schema with_twin = SCHEMA(own, twins);
    const flow_schema with_fault = SCHEMA(own, faults);
    flow_library *lib = new_library();

    endless_parts[0] = &endless;
    ck_refused(add_schema(lib, "t", &with_twin, &err), FLOW_EINVAL,
               "property 'one' is declared twice");
    ck_refused(add_schema(lib, "t", &with_fault, &err), FLOW_EINVAL, "'two' has no help");
    ck_refused(add_schema(lib, "t", &endless, &err), FLOW_EINVAL, "parts without end");
    free_library(lib);
}
END_TEST

/* ---- free_user ---- */

START_TEST(free_user_is_called_exactly_once)
{
    flow_library *lib = new_library();
    flow_registry *registry = flow_library_registry(lib);
    flow_source_ops good = source("good", NULL);
    flow_source_ops bad = source("good", NULL);
    int kept = 0;
    int refused = 0;

    ck_assert_int_eq(flow_registry_add_source(registry, &good, &kept, count_free, NULL), FLOW_OK);
    ck_assert_int_eq(flow_registry_add_source(registry, &bad, &refused, count_free, NULL),
                     FLOW_EEXIST);
    ck_assert_int_eq(refused, 1);
    bad.struct_size = 1;
    ck_assert_int_eq(flow_registry_add_source(registry, &bad, &refused, count_free, NULL),
                     FLOW_EABI);
    ck_assert_int_eq(refused, 2);
    ck_assert_int_eq(flow_registry_add_source(NULL, &good, &refused, count_free, NULL),
                     FLOW_EINVAL);
    ck_assert_int_eq(refused, 3);
    ck_assert_int_eq(kept, 0);
    free_library(lib);
    ck_assert_int_eq(kept, 1);
    ck_assert_int_eq(refused, 3);
}
END_TEST

/* ---- stages ---- */

START_TEST(what_is_staged_is_found_only_when_kept)
{
    flow_library *lib = new_library();
    flow_registry *registry = flow_library_registry(lib);
    flow_source_ops ops = source("staged", NULL);
    flow_type_info info;
    int freed = 0;

    ck_assert_int_eq(fl_registry_stage(registry, "x.so", NULL, NULL), FLOW_OK);
    ck_assert_int_eq(flow_registry_add_source(registry, &ops, &freed, count_free, NULL), FLOW_OK);
    ck_assert(!known(lib, "staged"));
    ck_refused(add(lib, "staged", NULL, &err), FLOW_EEXIST, "(x.so) already");
    fl_registry_settle(registry, 0);
    ck_assert_int_eq(freed, 1);
    ck_assert(!known(lib, "staged"));

    ck_assert_int_eq(fl_registry_stage(registry, "y.so", NULL, NULL), FLOW_OK);
    ck_assert_int_eq(flow_registry_add_source(registry, &ops, &freed, count_free, NULL), FLOW_OK);
    fl_registry_settle(registry, 1);
    ck_assert_int_eq(find(lib, "staged", &info), FLOW_OK);
    ck_assert_str_eq(info.origin, "y.so");
    free_library(lib);
    ck_assert_int_eq(freed, 2);
}
END_TEST

START_TEST(a_stage_within_a_stage_is_refused)
{
    flow_library *lib = new_library();
    flow_registry *registry = flow_library_registry(lib);

    ck_assert_int_eq(fl_registry_stage(registry, "x.so", NULL, NULL), FLOW_OK);
    ck_refused(fl_registry_stage(registry, "y.so", NULL, &err), FLOW_ESTATE,
               "y.so cannot be loaded while x.so is");
    fl_registry_settle(registry, 1);
    free_library(lib);
}
END_TEST

static void *add_from_host(void *arg)
{
    ck_assert_int_eq(add(arg, "from-host", NULL, NULL), FLOW_OK);
    return NULL;
}

static void *stage_too(void *arg)
{
    flow_registry *registry = flow_library_registry(arg);

    ck_assert_int_eq(fl_registry_stage(registry, "y.so", NULL, NULL), FLOW_OK);
    fl_registry_settle(registry, 1);
    return NULL;
}

START_TEST(another_thread_is_not_part_of_the_stage)
{
    flow_library *lib = new_library();
    flow_registry *registry = flow_library_registry(lib);
    pthread_t thread;
    flow_type_info info;

    ck_assert_int_eq(fl_registry_stage(registry, "x.so", NULL, NULL), FLOW_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, add_from_host, lib), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, stage_too, lib), 0);
    fl_registry_settle(registry, 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(find(lib, "from-host", &info), FLOW_OK);
    ck_assert_str_eq(info.origin, "host");
    free_library(lib);
}
END_TEST

/* ---- memory ---- */

START_TEST(every_allocation_may_fail)
{
    struct failing failing;
    flow_source_ops ops = source("one", "uno");
    flow_library *lib;
    int result = FLOW_ENOMEM;
    int freed = 0;
    int tries = 0;

    failing_init(&failing);
    const flow_library_options options = {.struct_size = sizeof(options),
                                          .allocator = &failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &lib, NULL), FLOW_OK);
    for (; result == FLOW_ENOMEM; tries++) {
        failing_after(&failing, tries);
        result =
            flow_registry_add_source(flow_library_registry(lib), &ops, &freed, count_free, NULL);
        failing_after(&failing, -1);
    }
    ck_assert_int_eq(result, FLOW_OK);
    ck_assert_int_gt(tries, 1);
    ck_assert_int_eq(freed, tries - 1);
    free_library(lib);
    ck_assert_int_eq(freed, tries);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_type_is_found_by_all_its_names_in_any_case",
         a_type_is_found_by_all_its_names_in_any_case},
        {"kinds_do_not_share_names", kinds_do_not_share_names},
        {"an_unknown_type_gets_a_hint", an_unknown_type_gets_a_hint},
        {"types_are_listed_in_order_of_kind_and_name", types_are_listed_in_order_of_kind_and_name},
        {"an_older_caller_gets_what_it_knows", an_older_caller_gets_what_it_knows},
        {"a_taken_name_is_refused_and_both_owners_named",
         a_taken_name_is_refused_and_both_owners_named},
        {"the_names_of_a_module_are_kept_for_it", the_names_of_a_module_are_kept_for_it},
        {"an_absent_module_is_listed_without_schema", an_absent_module_is_listed_without_schema},
        {"a_table_too_small_is_refused", a_table_too_small_is_refused},
        {"an_old_table_lacks_its_last_members", an_old_table_lacks_its_last_members},
        {"a_new_table_has_members_we_do_not_know", a_new_table_has_members_we_do_not_know},
        {"a_missing_function_or_name_is_refused", a_missing_function_or_name_is_refused},
        {"a_schema_that_makes_no_sense_is_refused", a_schema_that_makes_no_sense_is_refused},
        {"a_schema_of_newer_headers_is_read_in_their_steps",
         a_schema_of_newer_headers_is_read_in_their_steps},
        {"what_parts_have_belongs_to_the_schema", what_parts_have_belongs_to_the_schema},
        {"the_schema_of_an_older_header_has_no_parts", the_schema_of_an_older_header_has_no_parts},
        {"parts_that_make_no_sense_are_refused", parts_that_make_no_sense_are_refused},
        {"free_user_is_called_exactly_once", free_user_is_called_exactly_once},
        {"what_is_staged_is_found_only_when_kept", what_is_staged_is_found_only_when_kept},
        {"a_stage_within_a_stage_is_refused", a_stage_within_a_stage_is_refused},
        {"another_thread_is_not_part_of_the_stage", another_thread_is_not_part_of_the_stage},
        {"every_allocation_may_fail", every_allocation_may_fail},
    };

    return RUN_SUITE("core_registry", tests);
}
