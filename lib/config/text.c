/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Texts on their way into a configuration: how large they may be, which characters they are made
 * of, and which format they have.  Behind this every reader sees valid UTF-8.
 */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "config/model.h"
#include "config/properties.h"
#include "config/yaml.h"
#include "core/library.h"

/* Larger files are no configurations.  A YAML text costs far more memory than it has bytes. */
#define PROPERTIES_LIMIT ((size_t)64 << 20)
#define YAML_LIMIT ((size_t)4 << 20)

static size_t limit_of(int32_t format)
{
    return format == FLOW_FORMAT_YAML ? YAML_LIMIT : PROPERTIES_LIMIT;
}

/* The place of the byte at OFFSET, all bytes before it being valid UTF-8. */
static struct fl_place place_of(const uint8_t *text, size_t offset)
{
    struct fl_place place = {1, 1};

    for (size_t i = 0; i < offset; i++) {
        int is_end = text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');
        if (is_end) {
            place.line++;
            place.column = 1;
        } else if ((text[i] & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

/* Makes *TEXT valid UTF-8, in BUF if it has to be changed. */
static int decode(struct fl_reading *reading, struct fl_buf *buf, const uint8_t **text,
                  size_t *size)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    size_t valid = fl_utf8_valid(*text, *size);

    if (valid < *size) {
        struct fl_fault fault = {
            .severity = FLOW_SEVERITY_WARNING,
            .at = place_of(*text, valid),
            .message = "the text is not UTF-8 from here on, so all of it is read as ISO-8859-1",
            .hint = "save the file as UTF-8",
        };
        int rc = fl_reading_fault(reading, &fault);
        if (!rc)
            rc = fl_utf8_from_latin1(buf, *text, *size);
        *text = buf->data;
        *size = buf->size;
        return rc;
    }
    if (*size >= sizeof mark && memcmp(*text, mark, sizeof mark) == 0) {
        *text += sizeof mark;
        *size -= sizeof mark;
    }
    return FLOW_OK;
}

static int read_text(struct fl_reading *reading, const uint8_t *text, size_t size, int32_t format)
{
    struct fl_buf decoded;

    fl_buf_init(&decoded, reading->config->mem);
    int rc = decode(reading, &decoded, &text, &size);
    if (!rc)
        rc = format == FLOW_FORMAT_YAML ? fl_yaml_read(reading, text, size)
                                        : fl_properties_read(reading, text, size);
    fl_buf_free(&decoded);
    return rc;
}

static int check_arguments(flow_config *config, const void *name, flow_error **err)
{
    if (!config || !name)
        return flow_error_set(err, FLOW_EINVAL,
                              "a configuration and the name of a file are needed");
    return fl_library_check(config->lib, err);
}

/* Faults stay with the configuration for the report; the caller gets the first of this text. */
int flow_config_parse(flow_config *config, const char *name, const void *text, size_t size,
                      int32_t format, flow_error **err)
{
    struct fl_reading reading;
    int rc = check_arguments(config, name, err);

    if (rc)
        return rc;
    if ((!text && size > 0) || (format != FLOW_FORMAT_PROPERTIES && format != FLOW_FORMAT_YAML))
        return flow_error_set(err, FLOW_EINVAL, "a text and one of the formats are needed");
    if (size > limit_of(format)) {
        flow_error_setf(err, FLOW_ETOOBIG, "a configuration of %zu bytes; at most %zu are read",
                        size, limit_of(format));
        flow_error_locate(err, NULL, NULL, name, 0, 0);
        return FLOW_ETOOBIG;
    }
    size_t before = config->faults.findings.count;
    if (fl_reading_begin(config, name, &reading) ||
        (size > 0 && read_text(&reading, text, size, format)))
        return fl_error_nomem(err);
    const flow_diagnostic *first = fl_report_first_error(&config->faults, before);
    return first ? fl_report_error(first, FLOW_EPARSE, err) : FLOW_OK;
}

/* By name, as Flume's own files may begin with anything. */
static int32_t format_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    int is_yaml = dot && (fl_equal_ignore_case(dot, ".yaml") || fl_equal_ignore_case(dot, ".yml"));

    return is_yaml ? FLOW_FORMAT_YAML : FLOW_FORMAT_PROPERTIES;
}

int flow_config_load(flow_config *config, const char *path, flow_error **err)
{
    struct fl_buf text;
    int rc = check_arguments(config, path, err);

    if (rc)
        return rc;
    fl_buf_init(&text, config->mem);
    rc = fl_file_load(config->lib->io, path, limit_of(format_of(path)), &text, err);
    if (!rc)
        rc = flow_config_parse(config, path, text.data, text.size, format_of(path), err);
    fl_buf_free(&text);
    return rc;
}
