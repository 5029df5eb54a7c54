/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading Thrift.  The binary protocol writes everything at its full width; the compact one writes
 * numbers zig-zag with 7 bits a byte and packs small heads into one byte.
 *
 * Who reads several things goes back where it began when one of them is not there.
 */

#include "wire/thrift.h"

#define COMPACT_ID 0x82
#define COMPACT_VERSION 1
#define BINARY_VERSION 0x8001u

/* Bytes of the longest number. */
#define VARINT_BYTES 10

/* The compact protocol's numbers of types, and ours. */
static const uint8_t compact_types[] = {
    FL_THRIFT_STOP, FL_THRIFT_BOOL, FL_THRIFT_BOOL,   FL_THRIFT_BYTE,  FL_THRIFT_I16,
    FL_THRIFT_I32,  FL_THRIFT_I64,  FL_THRIFT_DOUBLE, FL_THRIFT_BYTES, FL_THRIFT_LIST,
    FL_THRIFT_SET,  FL_THRIFT_MAP,  FL_THRIFT_STRUCT, FL_THRIFT_UUID,
};

/* The fewest bytes of a value in the binary protocol; 0: there is no such type. */
static const uint8_t binary_sizes[] = {
    [FL_THRIFT_BOOL] = 1, [FL_THRIFT_BYTE] = 1, [FL_THRIFT_DOUBLE] = 8, [FL_THRIFT_I16] = 2,
    [FL_THRIFT_I32] = 4,  [FL_THRIFT_I64] = 8,  [FL_THRIFT_BYTES] = 4,  [FL_THRIFT_STRUCT] = 1,
    [FL_THRIFT_MAP] = 6,  [FL_THRIFT_SET] = 5,  [FL_THRIFT_LIST] = 5,   [FL_THRIFT_UUID] = 16,
};

static int is_compact(const struct fl_thrift_in *in)
{
    return in->protocol == FL_THRIFT_COMPACT;
}

/* Whether SIZE bytes are here, are to come, or cannot be. */
static inline int have(const struct fl_thrift_in *in, uint64_t size)
{
    uint64_t here = (uint64_t)(in->end - in->at);

    if (size <= here)
        return FLOW_OK;
    return size - here <= in->beyond ? FL_THRIFT_MORE : FLOW_EPARSE;
}

static int get_be(struct fl_thrift_in *in, unsigned size, uint64_t *value)
{
    int rc = have(in, size);

    if (rc)
        return rc;
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value = *value << 8 | in->at[i];
    in->at += size;
    return FLOW_OK;
}

static inline int get_u8(struct fl_thrift_in *in, uint8_t *value)
{
    int rc = have(in, 1);

    if (!rc)
        *value = *in->at++;
    return rc;
}

static int get_long_varint(struct fl_thrift_in *in, unsigned bits, uint64_t *value)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < VARINT_BYTES; i++) {
        int rc = have(in, i + 1);
        if (rc)
            return rc;
        uint8_t byte = in->at[i];
        if (7 * i >= bits || (bits - 7 * i < 7 && (byte & 0x7f) >> (bits - 7 * i) != 0))
            return FLOW_EPARSE;
        number |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte < 0x80) {
            *value = number;
            in->at += i + 1;
            return FLOW_OK;
        }
    }
    return FLOW_EPARSE;
}

/* A number of up to BITS bits.  Most have one byte. */
static inline int get_varint(struct fl_thrift_in *in, unsigned bits, uint64_t *value)
{
    if (in->at == in->end || *in->at >= 0x80)
        return get_long_varint(in, bits, value);
    *value = *in->at++;
    return FLOW_OK;
}

/* Returns RC; when that is not FLOW_OK, nothing was read since START. */
static inline int read_or_back(struct fl_thrift_in *in, const uint8_t *start, int rc)
{
    if (rc)
        in->at = start;
    return rc;
}

static unsigned bits_of(uint8_t type)
{
    switch (type) {
    case FL_THRIFT_I16: return 16;
    case FL_THRIFT_I32: return 32;
    case FL_THRIFT_I64: return 64;
    default: return 8;
    }
}

int fl_thrift_get_number(struct fl_thrift_in *in, uint8_t type, int64_t *value)
{
    unsigned bits = bits_of(type);
    uint64_t number;
    int rc;

    if (is_compact(in) && bits > 8) {
        rc = get_varint(in, bits, &number);
        if (!rc)
            *value = (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
        return rc;
    }
    rc = get_be(in, bits / 8, &number);
    if (!rc) /* The sign, from the width that it was written with. */
        *value = (int64_t)(number << (64 - bits)) >> (64 - bits);
    return rc;
}

/* The size of bytes or a container, none of which has 2^31. */
int fl_thrift_get_size(struct fl_thrift_in *in, uint32_t *size)
{
    const uint8_t *start = in->at;
    uint64_t number;
    int rc = is_compact(in) ? get_varint(in, 32, &number) : get_be(in, 4, &number);

    if (!rc && number > INT32_MAX)
        rc = FLOW_EPARSE;
    if (!rc)
        *size = (uint32_t)number;
    return read_or_back(in, start, rc);
}

int fl_thrift_get_bytes(struct fl_thrift_in *in, const uint8_t **data, size_t *size)
{
    const uint8_t *start = in->at;
    uint32_t bytes;
    int rc = fl_thrift_get_size(in, &bytes);

    if (!rc)
        rc = have(in, bytes);
    if (rc)
        return read_or_back(in, start, rc);
    *data = in->at;
    *size = bytes;
    in->at += bytes;
    return FLOW_OK;
}

static int compact_type(uint8_t number, uint8_t *type)
{
    if (number == FL_THRIFT_STOP || number >= sizeof compact_types)
        return FLOW_EPARSE;
    *type = compact_types[number];
    return FLOW_OK;
}

static int binary_type(uint8_t number, uint8_t *type)
{
    if (number >= sizeof binary_sizes || binary_sizes[number] == 0)
        return FLOW_EPARSE;
    *type = number;
    return FLOW_OK;
}

static int get_binary_field(struct fl_thrift_in *in, struct fl_thrift_field *field)
{
    uint8_t number;
    int64_t id;
    int rc = get_u8(in, &number);

    field->type = FL_THRIFT_STOP;
    if (rc || number == FL_THRIFT_STOP)
        return rc;
    rc = binary_type(number, &field->type);
    if (!rc)
        rc = fl_thrift_get_number(in, FL_THRIFT_I16, &id);
    if (!rc)
        field->id = (int16_t)id;
    return rc;
}

static int get_compact_field(struct fl_thrift_in *in, struct fl_thrift_field *field)
{
    uint8_t head = 0;
    int rc = get_u8(in, &head);
    int64_t id = field->id + (head >> 4);

    field->type = FL_THRIFT_STOP;
    if (rc || head == FL_THRIFT_STOP)
        return rc;
    rc = compact_type(head & 0xf, &field->type);
    if (!rc && head >> 4 == 0)
        rc = fl_thrift_get_number(in, FL_THRIFT_I16, &id);
    if (!rc && id > INT16_MAX)
        rc = FLOW_EPARSE;
    if (rc)
        return rc;
    field->id = (int16_t)id;
    if (field->type == FL_THRIFT_BOOL)
        field->type = FL_THRIFT_FLAG;
    return FLOW_OK;
}

int fl_thrift_get_field(struct fl_thrift_in *in, struct fl_thrift_field *field)
{
    const uint8_t *start = in->at;
    int16_t last = field->id;
    int rc = is_compact(in) ? get_compact_field(in, field) : get_binary_field(in, field);

    if (rc)
        *field = (struct fl_thrift_field){.id = last};
    return read_or_back(in, start, rc);
}

static uint64_t least_size(const struct fl_thrift_in *in, uint8_t type)
{
    return is_compact(in) ? 1 : binary_sizes[type];
}

/* Whether the message can hold as many items as it says. */
static int check_items(const struct fl_thrift_in *in, const struct fl_thrift_items *items)
{
    uint64_t size = least_size(in, items->value);

    if (items->key)
        size += least_size(in, items->key);
    return have(in, items->count * size) < 0 ? FLOW_EPARSE : FLOW_OK;
}

static int get_compact_list(struct fl_thrift_in *in, uint8_t *type, uint32_t *count)
{
    uint8_t head;
    int rc = get_u8(in, &head);

    if (rc)
        return rc;
    *type = head & 0xf;
    *count = head >> 4;
    return *count < 15 ? FLOW_OK : fl_thrift_get_size(in, count);
}

static int get_binary_list(struct fl_thrift_in *in, uint8_t *type, uint32_t *count)
{
    int rc = get_u8(in, type);

    return rc ? rc : fl_thrift_get_size(in, count);
}

static int get_list_head(struct fl_thrift_in *in, struct fl_thrift_items *items)
{
    uint8_t type;
    int rc = is_compact(in) ? get_compact_list(in, &type, &items->count)
                            : get_binary_list(in, &type, &items->count);

    /* Nobody looks at the type of an empty list, and some peers leave it 0. */
    if (rc || items->count == 0)
        return rc;
    return is_compact(in) ? compact_type(type, &items->value) : binary_type(type, &items->value);
}

int fl_thrift_get_list(struct fl_thrift_in *in, struct fl_thrift_items *items)
{
    const uint8_t *start = in->at;
    int rc;

    *items = (struct fl_thrift_items){0};
    rc = get_list_head(in, items);
    if (!rc && items->count > 0)
        rc = check_items(in, items);
    return read_or_back(in, start, rc);
}

static int get_binary_map(struct fl_thrift_in *in, struct fl_thrift_items *items)
{
    uint8_t key;
    uint8_t value;
    int rc = get_u8(in, &key);

    if (!rc)
        rc = get_u8(in, &value);
    if (!rc)
        rc = fl_thrift_get_size(in, &items->count);
    if (rc || items->count == 0)
        return rc;
    rc = binary_type(key, &items->key);
    return rc ? rc : binary_type(value, &items->value);
}

static int get_compact_map(struct fl_thrift_in *in, struct fl_thrift_items *items)
{
    uint8_t types;
    int rc = fl_thrift_get_size(in, &items->count);

    if (rc || items->count == 0)
        return rc;
    rc = get_u8(in, &types);
    if (!rc)
        rc = compact_type(types >> 4, &items->key);
    return rc ? rc : compact_type(types & 0xf, &items->value);
}

int fl_thrift_get_map(struct fl_thrift_in *in, struct fl_thrift_items *items)
{
    const uint8_t *start = in->at;
    int rc;

    *items = (struct fl_thrift_items){0};
    rc = is_compact(in) ? get_compact_map(in, items) : get_binary_map(in, items);
    if (!rc && items->count > 0)
        rc = check_items(in, items);
    return read_or_back(in, start, rc);
}

static int get_compact_head(struct fl_thrift_in *in, struct fl_thrift_head *head)
{
    uint8_t id;
    uint8_t version = 0;
    uint64_t seq;
    int rc = get_u8(in, &id);

    if (!rc && id != COMPACT_ID)
        return FLOW_EPARSE;
    if (!rc)
        rc = get_u8(in, &version);
    if (!rc && (version & 0x1f) != COMPACT_VERSION)
        return FLOW_EPARSE;
    if (!rc)
        rc = get_varint(in, 32, &seq);
    if (rc)
        return rc;
    head->type = version >> 5;
    head->seq = (int32_t)(uint32_t)seq;
    return FLOW_OK;
}

static int get_name(struct fl_thrift_in *in, struct fl_thrift_head *head)
{
    const uint8_t *start = in->at;
    uint32_t size;
    int rc = fl_thrift_get_size(in, &size);

    if (!rc)
        rc = size > FL_THRIFT_NAME_MAX ? FLOW_EPARSE : have(in, size);
    if (rc)
        return read_or_back(in, start, rc);
    head->name = (const char *)in->at;
    head->name_size = size;
    in->at += size;
    return FLOW_OK;
}

static int get_seq(struct fl_thrift_in *in, struct fl_thrift_head *head)
{
    int64_t seq;
    int rc = fl_thrift_get_number(in, FL_THRIFT_I32, &seq);

    if (!rc)
        head->seq = (int32_t)seq;
    return rc;
}

/* A new head begins with a version, which is negative, an old one with the name's size. */
static int get_binary_head(struct fl_thrift_in *in, struct fl_thrift_head *head)
{
    uint64_t version;
    int rc = have(in, 4);
    int old = !rc && in->at[0] < 0x80;

    if (!rc && !old) {
        rc = get_be(in, 4, &version);
        if (!rc && version >> 16 != BINARY_VERSION)
            return FLOW_EPARSE;
        head->type = (uint8_t)version;
    }
    if (!rc)
        rc = get_name(in, head);
    if (!rc && old)
        rc = get_u8(in, &head->type);
    if (!rc)
        rc = get_seq(in, head);
    in->protocol = old ? FL_THRIFT_OLD_BINARY : FL_THRIFT_BINARY;
    return rc;
}

int fl_thrift_get_head(struct fl_thrift_in *in, struct fl_thrift_head *head)
{
    struct fl_thrift_in ahead = *in;
    int rc;

    *head = (struct fl_thrift_head){0};
    if (is_compact(in)) {
        rc = get_compact_head(&ahead, head);
        if (!rc)
            rc = get_name(&ahead, head);
    } else {
        rc = get_binary_head(&ahead, head);
    }
    if (!rc)
        *in = ahead;
    return rc;
}
