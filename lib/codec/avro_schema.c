/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON to a table of types.  The canonical form comes of the same pass, since it has the types
 * in the order in which they are defined, and a name alone wherever one comes again.
 */

#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "codec/avro_types.h"
#include "codec/json.h"

/* Sizes of data stay below this, so that no sum of two overflows; no block is as large. */
#define SIZE_LIMIT (FL_AVRO_VARIES / 2)

struct text {
    const char *data;
    size_t size;
};

struct compiler {
    struct fl_avro_schema *schema;
    struct fl_json json;
    struct fl_map names; /* full name to the number of its type plus 1 */
    struct text space;   /* the namespace of names without one; lent by `names` */
    struct fl_buf name;  /* for putting one together */
    flow_error **err;
};

/* What the attribute "type" of an object can say that is no name of a type. */
struct form {
    const char *name;
    enum fl_avro_kind kind;
    const char *member; /* the attribute that says more */
    int (*compile)(struct compiler *c, uint32_t at, const struct form *form, uint32_t *number);
};

static const char *const primitives[FL_AVRO_PRIMITIVES] = {
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
};

static const size_t primitive_sizes[FL_AVRO_PRIMITIVES] = {
    0, FL_AVRO_VARIES, FL_AVRO_VARIES, FL_AVRO_VARIES, 4, 8, FL_AVRO_VARIES, FL_AVRO_VARIES,
};

static int compile(struct compiler *c, uint32_t at, uint32_t *number);

static int no_memory(const struct compiler *c)
{
    return fl_error_nomem(c->err);
}

static int broken(const struct compiler *c, const char *what)
{
    return flow_error_setf(c->err, FLOW_EPARSE, "not an Avro schema: %s", what);
}

/* The same about a name, of which only the front is shown. */
static int broken_name(const struct compiler *c, const char *what, const char *name)
{
    return flow_error_setf(c->err, FLOW_EPARSE, "not an Avro schema: %s '%.200s'", what, name);
}

static int put(struct compiler *c, const char *text)
{
    return fl_buf_text(&c->schema->canonical, text) ? no_memory(c) : FLOW_OK;
}

/* Adds TEXT as the canonical form has it: in quotes, with nothing escaped. */
static int put_quoted(struct compiler *c, const char *text, size_t size)
{
    struct fl_buf *out = &c->schema->canonical;

    if (fl_buf_byte(out, '"') || fl_buf_append(out, text, size) || fl_buf_byte(out, '"'))
        return no_memory(c);
    return FLOW_OK;
}

static int add_type(struct compiler *c, enum fl_avro_kind kind, uint32_t *number)
{
    const struct fl_avro_type type = {.kind = kind, .size = FL_AVRO_VARIES};

    *number = (uint32_t)c->schema->types.count;
    return fl_vec_push(&c->schema->types, &type) ? FLOW_OK : no_memory(c);
}

static struct fl_avro_type *type_at(const struct compiler *c, uint32_t number)
{
    return fl_vec_at(&c->schema->types, number);
}

/* Gives a type room for COUNT links, which are set one after the other. */
static int add_links(struct compiler *c, uint32_t number, uint32_t count)
{
    struct fl_avro_type *type = type_at(c, number);

    type->first = (uint32_t)c->schema->links.count;
    type->count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (!fl_vec_push(&c->schema->links, NULL))
            return no_memory(c);
    }
    return FLOW_OK;
}

static void set_link(struct compiler *c, uint32_t number, uint32_t index, uint32_t target)
{
    uint32_t *link = fl_vec_at(&c->schema->links, type_at(c, number)->first + index);

    *link = target;
}

/* The number of items of the list at AT. */
static uint32_t count_items(const struct compiler *c, uint32_t at)
{
    uint32_t count = 0;
    uint32_t end = fl_json_at(&c->json, at)->next;

    for (uint32_t item = at + 1; item < end; item = fl_json_at(&c->json, item)->next)
        count++;
    return count;
}

static int is_kind(const struct compiler *c, uint32_t at, enum fl_json_kind kind)
{
    return at > 0 && fl_json_at(&c->json, at)->kind == kind;
}

/* The text of the member NAME of an object; NULL data when it has none. */
static struct text member_text(const struct compiler *c, uint32_t at, const char *name)
{
    uint32_t member = fl_json_member(&c->json, at, name);

    if (!is_kind(c, member, FL_JSON_TEXT))
        return (struct text){.data = NULL};
    const struct fl_json_value *value = fl_json_at(&c->json, member);
    return (struct text){.data = fl_json_text(&c->json, value), .size = value->size};
}

/* Where the last dot of a name is, or NULL. */
static const char *last_dot(struct text name)
{
    return name.data ? memrchr(name.data, '.', name.size) : NULL;
}

/* Puts together in `name` what NAME means within SPACE.  A name with a dot is whole already; one
 * that begins with its only dot is in no namespace. */
static int make_name(struct compiler *c, struct text name, struct text space)
{
    const char *dot = last_dot(name);
    size_t skip = dot == name.data && dot != NULL;

    fl_buf_clear(&c->name);
    if (memchr(name.data, '\0', name.size))
        return broken(c, "a name with a NUL in it");
    if (!dot && space.size > 0 &&
        (fl_buf_append(&c->name, space.data, space.size) || fl_buf_byte(&c->name, '.')))
        return no_memory(c);
    if (fl_buf_append(&c->name, name.data + skip, name.size - skip) || !fl_buf_cstr(&c->name))
        return no_memory(c);
    return FLOW_OK;
}

static uint32_t find_name(const struct compiler *c)
{
    return (uint32_t)(uintptr_t)fl_map_get(&c->names, (const char *)c->name.data);
}

static int is_primitive(struct text name, uint32_t *number)
{
    for (uint32_t i = 0; i < FL_AVRO_PRIMITIVES; i++) {
        if (name.size == strlen(primitives[i]) &&
            memcmp(name.data, primitives[i], name.size) == 0) {
            *number = i;
            return 1;
        }
    }
    return 0;
}

/* A name where a schema could be: of a primitive, or of a type that was defined before, in the
 * present namespace or else in none. */
static int refer(struct compiler *c, struct text name, uint32_t *number)
{
    if (is_primitive(name, number))
        return put_quoted(c, name.data, name.size);
    int rc = make_name(c, name, c->space);
    if (!rc && find_name(c) == 0)
        rc = make_name(c, name, (struct text){.data = NULL});
    if (rc)
        return rc;
    if (find_name(c) == 0)
        return broken_name(c, "nothing defines the type", (const char *)c->name.data);
    *number = find_name(c) - 1;
    return put_quoted(c, (const char *)c->name.data, c->name.size);
}

/* Makes what is defined under `name` the type NUMBER, and that name's namespace the present one. */
static int define_name(struct compiler *c, uint32_t number)
{
    const char *name = (const char *)c->name.data;

    if (find_name(c) != 0)
        return broken_name(c, "two types have the name", name);
    if (fl_map_put(&c->names, name, (void *)((uintptr_t)number + 1)))
        return no_memory(c);
    /* The map's own copy stays where it is. */
    const char *kept = c->names.entries[c->names.count - 1].key;
    const char *dot = strrchr(kept, '.');
    c->space = (struct text){.data = kept, .size = dot ? (size_t)(dot - kept) : 0};
    return FLOW_OK;
}

/* Begins a type that has a name, and its canonical form up to what only its kind has. */
static int begin_named(struct compiler *c, uint32_t at, const struct form *form, uint32_t *number)
{
    struct text name = member_text(c, at, "name");
    struct text space = member_text(c, at, "namespace");

    if (name.size == 0)
        return broken_name(c, "there is no name for a type of the kind", form->name);
    int rc = make_name(c, name, space.data ? space : c->space);
    if (!rc)
        rc = add_type(c, form->kind, number);
    if (!rc)
        rc = define_name(c, *number);
    if (!rc)
        rc = put(c, "{\"name\":");
    if (!rc)
        rc = put_quoted(c, (const char *)c->name.data, c->name.size);
    if (!rc)
        rc = put(c, ",\"type\":\"");
    if (!rc)
        rc = put(c, form->kind == FL_AVRO_RECORD ? "record" : form->name);
    return rc ? rc : put(c, "\",");
}

/* The field at AT becomes the one of number INDEX of the record RECORD. */
static int compile_field(struct compiler *c, uint32_t at, uint32_t record, uint32_t index)
{
    struct text name = member_text(c, at, "name");
    uint32_t type = fl_json_member(&c->json, at, "type");
    uint32_t number;

    if (!name.data || type == 0)
        return broken(c, "a field without a name or a type");
    int rc = put(c, index > 0 ? ",{\"name\":" : "{\"name\":");
    if (!rc)
        rc = put_quoted(c, name.data, name.size);
    if (!rc)
        rc = put(c, ",\"type\":");
    if (!rc)
        rc = compile(c, type, &number);
    if (rc)
        return rc;
    set_link(c, record, index, number);
    return put(c, "}");
}

/* The size of all fields together. */
static size_t size_of_record(const struct compiler *c, uint32_t number)
{
    const struct fl_avro_type *record = type_at(c, number);
    size_t sum = 0;

    for (uint32_t i = 0; i < record->count; i++) {
        size_t size = fl_avro_type_link(c->schema, record, i)->size;
        if (size == FL_AVRO_VARIES)
            return size;
        sum = sum + size < SIZE_LIMIT ? sum + size : SIZE_LIMIT;
    }
    return sum;
}

/* The fields in the list at FIELDS become those of the record NUMBER. */
static int compile_fields(struct compiler *c, uint32_t fields, uint32_t number)
{
    uint32_t index = 0;

    if (!is_kind(c, fields, FL_JSON_LIST))
        return broken(c, "a record without fields");
    int rc = add_links(c, number, count_items(c, fields));
    if (!rc)
        rc = put(c, "\"fields\":[");
    uint32_t end = fl_json_at(&c->json, fields)->next;
    for (uint32_t field = fields + 1; !rc && field < end; field = fl_json_at(&c->json, field)->next)
        rc = compile_field(c, field, number, index++);
    return rc ? rc : put(c, "]}");
}

static int compile_record(struct compiler *c, uint32_t at, const struct form *form,
                          uint32_t *number)
{
    struct text outer = c->space;
    int rc = begin_named(c, at, form, number);

    if (!rc)
        rc = compile_fields(c, fl_json_member(&c->json, at, form->member), *number);
    if (rc)
        return rc;
    /* Not before: a record within itself has no size. */
    type_at(c, *number)->size = size_of_record(c, *number);
    c->space = outer;
    return FLOW_OK;
}

static int compile_symbols(struct compiler *c, uint32_t symbols, uint32_t number)
{
    if (!is_kind(c, symbols, FL_JSON_LIST))
        return broken(c, "an enum without symbols");
    int rc = put(c, "\"symbols\":[");
    uint32_t end = fl_json_at(&c->json, symbols)->next;
    for (uint32_t symbol = symbols + 1; !rc && symbol < end; symbol++) {
        const struct fl_json_value *value = fl_json_at(&c->json, symbol);
        if (value->kind != FL_JSON_TEXT)
            return broken(c, "a symbol that is no text");
        if (symbol > symbols + 1)
            rc = put(c, ",");
        if (!rc)
            rc = put_quoted(c, fl_json_text(&c->json, value), value->size);
    }
    type_at(c, number)->count = end - symbols - 1;
    return rc ? rc : put(c, "]}");
}

static int compile_enum(struct compiler *c, uint32_t at, const struct form *form, uint32_t *number)
{
    struct text outer = c->space;
    int rc = begin_named(c, at, form, number);

    c->space = outer;
    return rc ? rc : compile_symbols(c, fl_json_member(&c->json, at, form->member), *number);
}

/* Reads the size of a fixed: an int of Java's. */
static int read_size(const struct compiler *c, uint32_t member, size_t *size)
{
    *size = 0;
    if (!is_kind(c, member, FL_JSON_NUMBER))
        return broken(c, "a fixed without a size");
    const struct fl_json_value *value = fl_json_at(&c->json, member);
    const char *digits = fl_json_text(&c->json, value);
    for (uint32_t i = 0; i < value->size; i++) {
        if (digits[i] < '0' || digits[i] > '9' || *size > INT32_MAX / 10)
            return broken(c, "a fixed whose size is not possible");
        *size = 10 * *size + (size_t)(digits[i] - '0');
    }
    return *size <= INT32_MAX ? FLOW_OK : broken(c, "a fixed whose size is not possible");
}

static int compile_fixed(struct compiler *c, uint32_t at, const struct form *form, uint32_t *number)
{
    struct text outer = c->space;
    size_t size;
    int rc = begin_named(c, at, form, number);

    c->space = outer;
    if (!rc)
        rc = read_size(c, fl_json_member(&c->json, at, form->member), &size);
    if (rc)
        return rc;
    type_at(c, *number)->size = size;
    return fl_buf_printf(&c->schema->canonical, "\"size\":%zu}", size) ? no_memory(c) : FLOW_OK;
}

/* An array or a map. */
static int compile_items(struct compiler *c, uint32_t at, const struct form *form, uint32_t *number)
{
    uint32_t items = fl_json_member(&c->json, at, form->member);
    uint32_t item;

    if (items == 0)
        return broken_name(c, "there is nothing about what is in an", form->name);
    int rc = add_type(c, form->kind, number);
    if (!rc)
        rc = add_links(c, *number, 1);
    if (!rc &&
        fl_buf_printf(&c->schema->canonical, "{\"type\":\"%s\",\"%s\":", form->name, form->member))
        rc = no_memory(c);
    if (!rc)
        rc = compile(c, items, &item);
    if (rc)
        return rc;
    set_link(c, *number, 0, item);
    return put(c, "}");
}

static int compile_union(struct compiler *c, uint32_t at, uint32_t *number)
{
    uint32_t end = fl_json_at(&c->json, at)->next;
    uint32_t index = 0;
    int rc = add_type(c, FL_AVRO_UNION, number);

    if (!rc)
        rc = add_links(c, *number, count_items(c, at));
    if (!rc)
        rc = put(c, "[");
    for (uint32_t item = at + 1; !rc && item < end; item = fl_json_at(&c->json, item)->next) {
        uint32_t branch;
        if (index > 0)
            rc = put(c, ",");
        if (!rc)
            rc = compile(c, item, &branch);
        if (!rc)
            set_link(c, *number, index++, branch);
    }
    return rc ? rc : put(c, "]");
}

static const struct form forms[] = {
    {"record", FL_AVRO_RECORD, "fields", compile_record},
    {"error", FL_AVRO_RECORD, "fields", compile_record},
    {"enum", FL_AVRO_ENUM, "symbols", compile_enum},
    {"fixed", FL_AVRO_FIXED, "size", compile_fixed},
    {"array", FL_AVRO_ARRAY, "items", compile_items},
    {"map", FL_AVRO_MAP, "values", compile_items},
};

static int compile_object(struct compiler *c, uint32_t at, uint32_t *number)
{
    uint32_t type = fl_json_member(&c->json, at, "type");

    if (type == 0)
        return broken(c, "an object without a type");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (fl_json_is(&c->json, type, forms[i].name))
            return forms[i].compile(c, at, &forms[i], number);
    }
    return compile(c, type, number);
}

static int compile(struct compiler *c, uint32_t at, uint32_t *number)
{
    const struct fl_json_value *value = fl_json_at(&c->json, at);

    switch (value->kind) {
    case FL_JSON_TEXT:
        return refer(c, (struct text){.data = fl_json_text(&c->json, value), .size = value->size},
                     number);
    case FL_JSON_LIST: return compile_union(c, at, number);
    case FL_JSON_OBJECT: return compile_object(c, at, number);
    default: return broken(c, "a number or a word in the place of a type");
    }
}

static int add_primitives(struct compiler *c)
{
    for (uint32_t i = 0; i < FL_AVRO_PRIMITIVES; i++) {
        uint32_t number;
        int rc = add_type(c, (enum fl_avro_kind)i, &number);
        if (rc)
            return rc;
        type_at(c, number)->size = primitive_sizes[i];
    }
    return FLOW_OK;
}

static int compile_text(struct fl_avro_schema *schema, const void *text, size_t size,
                        flow_error **err)
{
    struct compiler c = {.schema = schema, .err = err};
    int rc = fl_json_parse(&c.json, schema->mem, text, size, err);

    fl_map_init(&c.names, schema->mem);
    fl_buf_init(&c.name, schema->mem);
    if (!rc)
        rc = add_primitives(&c);
    if (!rc)
        rc = compile(&c, 0, &schema->root);
    fl_buf_free(&c.name);
    fl_map_free(&c.names);
    fl_json_free(&c.json);
    return rc;
}

int fl_avro_schema_parse(const flow_allocator *mem, const void *text, size_t size,
                         struct fl_avro_schema **schema, flow_error **err)
{
    struct fl_avro_schema *made = fl_zalloc(mem, sizeof *made);

    *schema = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    fl_vec_init(&made->types, mem, sizeof(struct fl_avro_type));
    fl_vec_init(&made->links, mem, sizeof(uint32_t));
    fl_vec_init(&made->frames, mem, sizeof(struct fl_avro_frame));
    fl_buf_init(&made->canonical, mem);
    int rc = compile_text(made, text, size, err);
    if (rc) {
        fl_avro_schema_free(made);
        return rc;
    }
    *schema = made;
    return FLOW_OK;
}

void fl_avro_schema_free(struct fl_avro_schema *schema)
{
    if (!schema)
        return;
    fl_vec_free(&schema->types);
    fl_vec_free(&schema->links);
    fl_vec_free(&schema->frames);
    fl_buf_free(&schema->canonical);
    fl_free(schema->mem, schema);
}

const struct fl_avro_type *fl_avro_type_at(const struct fl_avro_schema *schema, uint32_t number)
{
    return fl_vec_at(&schema->types, number);
}

const struct fl_avro_type *fl_avro_type_link(const struct fl_avro_schema *schema,
                                             const struct fl_avro_type *type, uint32_t index)
{
    const uint32_t *link = fl_vec_at(&schema->links, type->first + index);

    return fl_avro_type_at(schema, *link);
}

const struct fl_buf *fl_avro_schema_canonical(const struct fl_avro_schema *schema)
{
    return &schema->canonical;
}

/* Bit by bit: schemas are short, and a table would be longer than most. */
uint64_t fl_avro_schema_fingerprint(const struct fl_avro_schema *schema)
{
    const uint64_t empty = 0xc15d213aa4d7a795;
    uint64_t sum = empty;

    for (size_t i = 0; i < schema->canonical.size; i++) {
        sum ^= schema->canonical.data[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (empty & (0 - (sum & 1)));
    }
    return sum;
}
