/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Java's names of character properties and what PCRE2 calls the same sets.  Blocks ("InGreek")
 * have no counterpart and are refused.
 */

#include "base/regex_java.h"

#include <string.h>

#include "base/number.h"

#define LONGEST_NAME 63
#define CASED_LETTER "\\p{Lu}\\p{Ll}\\p{Lt}"
#define CASED "\\p{Lowercase}\\p{Uppercase}\\p{Lt}"

struct entry {
    const char *name;
    const char *body;
};

/* ASCII sets that POSIX names, and Java's own; in any case never mistaken for categories. */
static const struct entry plain[] = {
    {"Lower", "a-z"},
    {"Upper", "A-Z"},
    {"Alpha", "a-zA-Z"},
    {"Digit", "0-9"},
    {"Alnum", "0-9a-zA-Z"},
    {"Punct", "\\x{21}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{60}\\x{7b}-\\x{7e}"},
    {"Graph", "\\x{21}-\\x{7e}"},
    {"Print", "\\x{20}-\\x{7e}"},
    {"Blank", "\\x{20}\\t"},
    {"Cntrl", "\\x{0}-\\x{1f}\\x{7f}"},
    {"XDigit", "0-9a-fA-F"},
    {"Space", "\\x{20}\\t-\\r"},
    {"ASCII", "\\x{0}-\\x{7f}"},
    {"L1", "\\x{0}-\\x{ff}"},
    {"LC", CASED_LETTER},
    {"LD", "\\p{L}\\p{Nd}"},
    {"all", "\\x{0}-\\x{10ffff}"},
    {"javaLowerCase", "\\p{Lowercase}"},
    {"javaUpperCase", "\\p{Uppercase}"},
    {"javaTitleCase", "\\p{Lt}"},
    {"javaAlphabetic", "\\p{Alphabetic}"},
    {"javaIdeographic", "\\p{Ideographic}"},
    {"javaDigit", "\\p{Nd}"},
    {"javaLetter", "\\p{L}"},
    {"javaLetterOrDigit", "\\p{L}\\p{Nd}"},
    {"javaSpaceChar", "\\p{Z}"},
    {"javaWhitespace", "\\t-\\r\\x{1c}-\\x{20}\\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200a}"
                       "\\x{2028}\\x{2029}\\x{205f}\\x{3000}"},
    {"javaISOControl", "\\x{0}-\\x{1f}\\x{7f}-\\x{9f}"},
    {"javaMirrored", "\\p{Bidi_Mirrored}"},
};

/* Unicode's yes-or-no properties, behind "Is" and in any case. */
static const struct entry binary[] = {
    {"Alphabetic", "\\p{Alphabetic}"},
    {"Letter", "\\p{L}"},
    {"Ideographic", "\\p{Ideographic}"},
    {"Lowercase", "\\p{Lowercase}"},
    {"Uppercase", "\\p{Uppercase}"},
    {"Titlecase", "\\p{Lt}"},
    {"Punctuation", "\\p{P}"},
    {"Control", "\\p{Cc}"},
    {"White_Space", "\\p{White_Space}"},
    {"WhiteSpace", "\\p{White_Space}"},
    {"Digit", "\\p{Nd}"},
    {"Hex_Digit", "\\p{Hex_Digit}"},
    {"HexDigit", "\\p{Hex_Digit}"},
    {"Join_Control", "\\p{Join_Control}"},
    {"JoinControl", "\\p{Join_Control}"},
    {"Noncharacter_Code_Point", "\\p{Noncharacter_Code_Point}"},
    {"NoncharacterCodePoint", "\\p{Noncharacter_Code_Point}"},
};

/* What becomes of the cases' sets where case does not matter. */
static const struct entry either_case[] = {
    {"Lower", "a-zA-Z"},      {"Upper", "a-zA-Z"},      {"Ll", CASED_LETTER},
    {"Lu", CASED_LETTER},     {"Lt", CASED_LETTER},     {"javaLowerCase", CASED},
    {"javaUpperCase", CASED}, {"javaTitleCase", CASED}, {"Lowercase", CASED},
    {"Uppercase", CASED},     {"Titlecase", CASED},
};

static const char categories[] =
    "|C|Cc|Cf|Cn|Co|Cs|L|Ll|Lm|Lo|Lt|Lu|M|Mc|Me|Mn|N|Nd|Nl|No|P|Pc|Pd|Pe|Pf|Pi|Po|Ps|S|Sc|Sk|Sm|"
    "So|Z|Zl|Zp|Zs|";

static int answer(struct fl_java_set *set, const char *body)
{
    set->body = body;
    return 1;
}

/* Makes a body in ROOM. */
static int answer_made(struct fl_java_set *set, struct fl_buf *room, const char *format,
                       const char *name)
{
    int rc = fl_buf_printf(room, "\\p{");

    rc = rc == FLOW_OK ? fl_buf_printf(room, "%s%s}", format, name) : rc;
    set->body = rc == FLOW_OK ? fl_buf_cstr(room) : NULL;
    return set->body ? 1 : FLOW_ENOMEM;
}

/* A general category by its one or two letters. */
static int category(const char *name, struct fl_java_set *set, struct fl_buf *room)
{
    char key[8] = "|";
    size_t size = strlen(name);

    if (size < 1 || size > 2)
        return 0;
    memcpy(key + 1, name, size);
    key[size + 1] = '|';
    return strstr(categories, key) ? answer_made(set, room, "", name) : 0;
}

/* PCRE2 knows the scripts' names; a wrong one is told when the whole is compiled. */
static int script(const char *name, struct fl_java_set *set, struct fl_buf *room)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

    return *name != '\0' && strspn(name, allowed) == strlen(name)
               ? answer_made(set, room, "sc:", name)
               : 0;
}

/* \p{KEY=VALUE} */
static int keyed(const char *name, const char *value, struct fl_java_set *set, struct fl_buf *room)
{
    size_t size = (size_t)(value - name);
    char key[LONGEST_NAME + 1];

    memcpy(key, name, size);
    key[size] = '\0';
    value++;
    if (fl_equal_ignore_case(key, "script") || fl_equal_ignore_case(key, "sc"))
        return script(value, set, room);
    if (fl_equal_ignore_case(key, "general_category") || fl_equal_ignore_case(key, "gc"))
        return category(value, set, room);
    return 0;
}

/* What stands behind "Is": a property, a category or a script. */
static int unicode(const char *name, struct fl_java_set *set, struct fl_buf *room)
{
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
        if (fl_equal_ignore_case(binary[i].name, name))
            return answer(set, binary[i].body);
    }
    if (fl_equal_ignore_case(name, "Assigned")) {
        set->negated = 1;
        return answer(set, "\\p{Cn}");
    }
    int rc = category(name, set, room);
    return rc != 0 ? rc : script(name, set, room);
}

/* The sets that ignoring case makes larger; 0 for all others. */
static int cased(const char *name, struct fl_java_set *set)
{
    const char *equals = strchr(name, '=');

    name = equals ? equals + 1 : strncmp(name, "Is", 2) == 0 ? name + 2 : name;
    for (size_t i = 0; i < sizeof either_case / sizeof *either_case; i++) {
        if (strcmp(either_case[i].name, name) == 0)
            return answer(set, either_case[i].body);
    }
    return 0;
}

int fl_java_property(const char *text, size_t size, uint32_t flags, struct fl_java_set *set,
                     struct fl_buf *room)
{
    char name[LONGEST_NAME + 1];

    if (size == 0 || size > LONGEST_NAME || memchr(text, '\0', size))
        return 0;
    memcpy(name, text, size);
    name[size] = '\0';
    if ((flags & FL_JAVA_CASELESS) && cased(name, set))
        return 1;
    const char *value = strchr(name, '=');
    if (value)
        return keyed(name, value, set, room);
    if (strncmp(name, "Is", 2) == 0)
        return unicode(name + 2, set, room);
    int either =
        (flags & FL_JAVA_CASELESS) && (strcmp(name, "Lower") == 0 || strcmp(name, "Upper") == 0);
    if (either)
        return answer(set, "a-zA-Z");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(plain[i].name, name) == 0)
            return answer(set, plain[i].body);
    }
    return category(name, set, room);
}
