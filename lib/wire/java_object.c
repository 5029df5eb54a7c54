/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The grammar is in Java's "Object Serialization Stream Protocol".  Whatever may be referred to
 * again gets a number, from FIRST_HANDLE on, in the order in which it appears.
 */

#include <string.h>

#include "wire/java_object.h"

#define MAGIC "\xac\xed\0\5"
#define FIRST_HANDLE 0x7e0000

enum {
    TC_NULL = 0x70,
    TC_REFERENCE,
    TC_CLASSDESC,
    TC_OBJECT,
    TC_STRING,
    TC_ARRAY,
    TC_ENDBLOCKDATA = 0x78
};

/* The flags of a class that is only Serializable. */
#define PLAIN_CLASS 2

/* Of an object like these: its class and that one's parents, and what their fields hold. */
#define HANDLES 64
#define CLASSES 4

struct class {
    struct fl_proto name;
    size_t first; /* of its fields, in the object's */
    size_t count;
    struct class *parent;
};

struct handle {
    char kind;            /* of what there is: TC_STRING, TC_CLASSDESC, or 0 for all else */
    struct fl_proto text; /* of a text */
    struct class *class;
};

struct reader {
    struct fl_proto *in;
    struct fl_java_object *object;
    struct handle handles[HANDLES];
    size_t handle_count;
    struct class classes[CLASSES];
    size_t class_count;
};

static int get(struct reader *reader, size_t size, const uint8_t **bytes)
{
    if (fl_proto_left(reader->in) < size)
        return FLOW_EPARSE;
    *bytes = reader->in->at;
    reader->in->at += size;
    return FLOW_OK;
}

static int get_number(struct reader *reader, unsigned size, uint32_t *number)
{
    const uint8_t *bytes;

    if (get(reader, size, &bytes))
        return FLOW_EPARSE;
    *number = 0;
    for (unsigned i = 0; i < size; i++)
        *number = *number << 8 | bytes[i];
    return FLOW_OK;
}

/* What a size of SIZE_BYTES is in front of. */
static int get_sized(struct reader *reader, unsigned size_bytes, struct fl_proto *content)
{
    uint32_t size;
    const uint8_t *bytes;

    if (get_number(reader, size_bytes, &size) || get(reader, size, &bytes))
        return FLOW_EPARSE;
    *content = fl_proto(bytes, size);
    return FLOW_OK;
}

static struct handle *new_handle(struct reader *reader, int kind)
{
    if (reader->handle_count == HANDLES)
        return NULL;
    struct handle *handle = &reader->handles[reader->handle_count++];
    *handle = (struct handle){.kind = (char)kind};
    return handle;
}

/* What was there before, which must be of KIND. */
static int get_reference(struct reader *reader, int kind, struct handle **handle)
{
    uint32_t number;

    if (get_number(reader, 4, &number) || number < FIRST_HANDLE ||
        number - FIRST_HANDLE >= reader->handle_count)
        return FLOW_EPARSE;
    *handle = &reader->handles[number - FIRST_HANDLE];
    return (*handle)->kind == kind ? FLOW_OK : FLOW_EPARSE;
}

static int get_text(struct reader *reader, struct fl_proto *text)
{
    struct handle *handle;
    uint32_t tag;

    if (get_number(reader, 1, &tag))
        return FLOW_EPARSE;
    if (tag == TC_NULL) {
        *text = fl_proto("", 0);
        return FLOW_OK;
    }
    if (tag == TC_REFERENCE) {
        if (get_reference(reader, TC_STRING, &handle))
            return FLOW_EPARSE;
        *text = handle->text;
        return FLOW_OK;
    }
    handle = tag == TC_STRING ? new_handle(reader, TC_STRING) : NULL;
    if (!handle || get_sized(reader, 2, &handle->text))
        return FLOW_EPARSE;
    *text = handle->text;
    return FLOW_OK;
}

/* ---- classes ---- */

static int get_field_kinds(struct reader *reader, struct class *class)
{
    struct fl_java_object *object = reader->object;
    struct fl_proto type;
    uint32_t count;
    uint32_t kind;

    if (get_number(reader, 2, &count) || count > FL_JAVA_FIELDS - object->count)
        return FLOW_EPARSE;
    class->first = object->count;
    class->count = count;
    for (; count > 0; count--) {
        struct fl_java_field *field = &object->fields[object->count++];
        if (get_number(reader, 1, &kind) || get_sized(reader, 2, &field->name))
            return FLOW_EPARSE;
        field->type = (char)kind;
        field->value = fl_proto("", 0);
        if ((kind == 'L' || kind == '[') && get_text(reader, &type))
            return FLOW_EPARSE;
    }
    return FLOW_OK;
}

/* Reads a class but for its parent. */
static int get_class_body(struct reader *reader, struct class **class)
{
    const uint8_t *id;
    uint32_t flags;
    uint32_t end;

    if (reader->class_count == CLASSES)
        return FLOW_EPARSE;
    *class = &reader->classes[reader->class_count++];
    if (get_sized(reader, 2, &(*class)->name) || get(reader, 8, &id))
        return FLOW_EPARSE;
    struct handle *handle = new_handle(reader, TC_CLASSDESC);
    if (!handle)
        return FLOW_EPARSE;
    handle->class = *class;
    if (get_number(reader, 1, &flags) || flags != PLAIN_CLASS || get_field_kinds(reader, *class))
        return FLOW_EPARSE;
    return get_number(reader, 1, &end) || end != TC_ENDBLOCKDATA ? FLOW_EPARSE : FLOW_OK;
}

/* Reads a class and its parents; NULL where it has none. */
static int get_class(struct reader *reader, struct class **class)
{
    struct handle *handle;
    uint32_t tag;

    for (;;) {
        *class = NULL;
        if (get_number(reader, 1, &tag))
            return FLOW_EPARSE;
        if (tag == TC_NULL)
            return FLOW_OK;
        if (tag == TC_REFERENCE) {
            if (get_reference(reader, TC_CLASSDESC, &handle))
                return FLOW_EPARSE;
            *class = handle->class;
            return FLOW_OK;
        }
        if (tag != TC_CLASSDESC || get_class_body(reader, class))
            return FLOW_EPARSE;
        class = &(*class)->parent;
    }
}

/* ---- values ---- */

/* An array of bytes, whose class is "[B". */
static int get_array(struct reader *reader, struct fl_proto *value)
{
    struct class *class;
    uint32_t tag;

    if (get_number(reader, 1, &tag))
        return FLOW_EPARSE;
    if (tag == TC_NULL)
        return FLOW_OK;
    if (tag != TC_ARRAY || get_class(reader, &class) || !class ||
        fl_proto_left(&class->name) != 2 || memcmp(class->name.at, "[B", 2) != 0)
        return FLOW_EPARSE;
    return new_handle(reader, TC_ARRAY) ? get_sized(reader, 4, value) : FLOW_EPARSE;
}

static size_t size_of(char type)
{
    switch (type) {
    case 'B':
    case 'Z': return 1;
    case 'C':
    case 'S': return 2;
    case 'F':
    case 'I': return 4;
    case 'D':
    case 'J': return 8;
    default: return 0;
    }
}

static int get_value(struct reader *reader, struct fl_java_field *field)
{
    const uint8_t *number;

    if (field->type == 'L')
        return get_text(reader, &field->value);
    if (field->type == '[')
        return get_array(reader, &field->value);
    size_t size = size_of(field->type);
    return size > 0 ? get(reader, size, &number) : FLOW_EPARSE;
}

/* Parents come first. */
static int get_values(struct reader *reader, const struct class *class)
{
    const struct class *chain[CLASSES];
    size_t depth = 0;

    for (; class; class = class->parent) {
        /* A class that refers to itself has more parents than there are. */
        if (depth == CLASSES)
            return FLOW_EPARSE;
        chain[depth++] = class;
    }
    while (depth-- > 0) {
        for (size_t i = 0; i < chain[depth]->count; i++) {
            if (get_value(reader, &reader->object->fields[chain[depth]->first + i]))
                return FLOW_EPARSE;
        }
    }
    return FLOW_OK;
}

int fl_java_object_read(struct fl_proto *in, struct fl_java_object *object)
{
    struct reader reader = {.in = in, .object = object};
    struct class *class;
    const uint8_t *magic;
    uint32_t tag;

    *object = (struct fl_java_object){.class = fl_proto("", 0)};
    if (get(&reader, 4, &magic) || memcmp(magic, MAGIC, 4) != 0)
        return FLOW_EPARSE;
    if (get_number(&reader, 1, &tag) || tag != TC_OBJECT || get_class(&reader, &class) || !class)
        return FLOW_EPARSE;
    object->class = class->name;
    return new_handle(&reader, TC_OBJECT) ? get_values(&reader, class) : FLOW_EPARSE;
}

const struct fl_proto *fl_java_object_get(const struct fl_java_object *object, const char *name,
                                          char type)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct fl_java_field *field = &object->fields[i];
        if (field->type == type && fl_proto_left(&field->name) == strlen(name) &&
            memcmp(field->name.at, name, strlen(name)) == 0)
            return &field->value;
    }
    return NULL;
}
