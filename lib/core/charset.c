/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Character sets by the names Java has for them, which iconv mostly shares.  The ones in daily use
 * are told without iconv, which would load a module to answer.
 */

#include "core/charset.h"

#include <iconv.h>
#include <string.h>

#include "base/number.h"
#include "core/names.h"

#define NAME_ROOM 64

static const char everywhere[] = "UTF-8|UTF8|US-ASCII|ASCII|ISO-8859-1|ISO8859_1|ISO8859-1|LATIN1|"
                                 "UTF-16|UTF-16BE|UTF-16LE";

/* iconv takes more than names: "ASCII//TRANSLIT" asks for another conversion. */
static int is_name(const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < size; i++) {
        char c = fl_lower(name[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.:+", c) != NULL))
            return 0;
    }
    return size > 0 && size < NAME_ROOM;
}

static int convertible(const char *name)
{
    iconv_t converter = iconv_open("UTF-8", name);

    if (converter == (iconv_t)-1)
        return 0;
    iconv_close(converter);
    return 1;
}

int fl_charset_known(const char *name)
{
    char room[NAME_ROOM] = "";

    if (!is_name(name))
        return 0;
    if (fl_names_index(everywhere, name) >= 0 || convertible(name))
        return 1;

    /* Java's historical names, such as ISO8859_15, have underscores where iconv has hyphens. */
    for (size_t i = 0; name[i] != '\0'; i++)
        room[i] = name[i] == '_' ? '-' : name[i];
    return convertible(room);
}
