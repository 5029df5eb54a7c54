/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <ctype.h>
#include <stdio.h>

#include "hex.h"

static int digit(char c)
{
    ck_assert_msg(isxdigit((unsigned char)c), "'%c' is no hexadecimal digit", c);
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

void hex_text(struct fl_buf *out, const char *text)
{
    while (*text) {
        if (isspace((unsigned char)*text)) {
            text++;
            continue;
        }
        int rc = fl_buf_byte(out, (uint8_t)(digit(text[0]) << 4 | digit(text[1])));
        ck_assert_int_eq(rc, FLOW_OK);
        text += 2;
    }
}

void hex_file(struct fl_buf *out, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[256];

    ck_assert_msg(file != NULL, "%s cannot be read", path);
    while (fgets(line, sizeof line, file))
        hex_text(out, line);
    fclose(file);
}
