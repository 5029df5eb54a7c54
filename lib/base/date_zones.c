/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What zones are called in full.  An abbreviation means one zone almost everywhere; where several
 * have the same, rows for single zones come before the row for all others.
 */

#include "base/date.h"

#include <string.h>

struct row {
    const char *abbreviation;
    const char *name;
    const char *ids; /* divided and surrounded by blanks; NULL: of any zone */
};

static const struct row rows[] = {
    {"ACDT", "Australian Central Daylight Time", NULL},
    {"ACST", "Australian Central Standard Time", NULL},
    {"ADT", "Atlantic Daylight Time", NULL},
    {"AEDT", "Australian Eastern Daylight Time", NULL},
    {"AEST", "Australian Eastern Standard Time", NULL},
    {"AKDT", "Alaska Daylight Time", NULL},
    {"AKST", "Alaska Standard Time", NULL},
    {"AST", "Atlantic Standard Time", NULL},
    {"AWST", "Australian Western Standard Time", NULL},
    {"BST", "British Summer Time", NULL},
    {"CAT", "Central Africa Time", NULL},
    {"CDT", "Cuba Daylight Time", " America/Havana Cuba "},
    {"CDT", "Central Daylight Time", NULL},
    {"CEST", "Central European Summer Time", NULL},
    {"CET", "Central European Time", " CET "},
    {"CET", "Central European Standard Time", NULL},
    {"ChST", "Chamorro Standard Time", NULL},
    {"CST", "China Standard Time",
     " Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macao Asia/Macau Asia/Shanghai PRC "},
    {"CST", "Cuba Standard Time", " America/Havana Cuba "},
    {"CST", "Taipei Standard Time", " Asia/Taipei ROC "},
    {"CST", "Central Standard Time", NULL},
    {"EAT", "East Africa Time", NULL},
    {"EDT", "Eastern Daylight Time", NULL},
    {"EEST", "Eastern European Summer Time", NULL},
    {"EET", "Eastern European Time", " EET "},
    {"EET", "Eastern European Standard Time", NULL},
    {"EST", "Eastern Standard Time", NULL},
    {"GMT", "Greenwich Mean Time", NULL},
    {"HDT", "Hawaii-Aleutian Daylight Time", NULL},
    {"HKT", "Hong Kong Standard Time", NULL},
    {"HST", "Hawaii-Aleutian Standard Time", NULL},
    {"IDT", "Israel Daylight Time", NULL},
    {"IST", "Irish Standard Time", " Eire Europe/Dublin "},
    {"IST", "Israel Standard Time", " Asia/Jerusalem Asia/Tel_Aviv Israel "},
    {"IST", "India Standard Time", NULL},
    {"JST", "Japan Standard Time", NULL},
    {"KST", "Korean Standard Time", NULL},
    {"MDT", "Mountain Daylight Time", NULL},
    {"MEST", "Middle Europe Summer Time", NULL},
    {"MET", "Middle Europe Time", NULL},
    {"MSK", "Volgograd Standard Time", " Europe/Volgograd "},
    {"MSK", "Moscow Standard Time", NULL},
    {"MST", "Mexican Pacific Standard Time",
     " America/Hermosillo America/Mazatlan Mexico/BajaSur "},
    {"MST", "Mountain Standard Time", NULL},
    {"NDT", "Newfoundland Daylight Time", NULL},
    {"NST", "Newfoundland Standard Time", NULL},
    {"NZDT", "New Zealand Daylight Time", NULL},
    {"NZST", "New Zealand Standard Time", NULL},
    {"PDT", "Pacific Daylight Time", NULL},
    {"PKT", "Pakistan Standard Time", NULL},
    {"PST", "Philippine Standard Time", " Asia/Manila "},
    {"PST", "Pacific Standard Time", NULL},
    {"SAST", "South Africa Standard Time", NULL},
    {"SST", "Samoa Standard Time", NULL},
    {"UTC", "Coordinated Universal Time", NULL},
    {"WAT", "West Africa Standard Time", NULL},
    {"WEST", "Western European Summer Time", NULL},
    {"WET", "Western European Time", " WET "},
    {"WET", "Western European Standard Time", NULL},
    {"WIB", "Western Indonesia Time", NULL},
    {"WIT", "Eastern Indonesia Time", NULL},
    {"WITA", "Central Indonesia Time", NULL},
};

static int has_word(const char *words, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = words; size > 0 && (at = strstr(at, word)); at++)
        if (at[-1] == ' ' && at[size] == ' ')
            return 1;
    return 0;
}

const char *fl_date_zone_name(const char *abbreviation, const char *id)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].abbreviation, abbreviation) == 0 &&
            (!rows[i].ids || has_word(rows[i].ids, id)))
            return rows[i].name;
    return NULL;
}
