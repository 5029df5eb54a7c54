/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Zones by name, and calendar fields in them.  Nothing here touches TZ's process-wide state: a
 * zone is a table of offsets of its own.
 */

#include "base/zone_data.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define FOLDER_PART "/zoneinfo/"
#define LONGEST_NAME 255
#define LARGEST_FILE (1 << 20)

/* Times beyond these have years that an int32_t cannot hold. */
#define LAST_TIME INT64_C(67760000000000000)

/* Java's three-letter names that no zone file has; those of fixed offset are rules. */
static const char *const java_names[][2] = {
    {"ACT", "Australia/Darwin"},
    {"AET", "Australia/Sydney"},
    {"AGT", "America/Argentina/Buenos_Aires"},
    {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"},
    {"BET", "America/Sao_Paulo"},
    {"BST", "Asia/Dhaka"},
    {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"},
    {"CST", "America/Chicago"},
    {"CTT", "Asia/Shanghai"},
    {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"},
    {"IET", "America/Indiana/Indianapolis"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"},
    {"NET", "Asia/Yerevan"},
    {"NST", "Pacific/Auckland"},
    {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"},
    {"PRT", "America/Puerto_Rico"},
    {"PST", "America/Los_Angeles"},
    {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
};

/* Zones without switches: known even where no zone files are installed. */
static const struct {
    const char *name;
    const char *abbreviation;
    int32_t hours;
} fixed_names[] = {
    {"UTC", "UTC", 0},  {"GMT", "GMT", 0},  {"UT", "UTC", 0},    {"Z", "UTC", 0},
    {"EST", "EST", -5}, {"MST", "MST", -7}, {"HST", "HST", -10},
};

int64_t fl_days_of(int64_t year, int32_t month, int32_t day)
{
    /* Years begin in March, so that the leap day is the last one; 400 of them are an era. */
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_date(int64_t days, struct fl_civil *civil)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    civil->day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int32_t)(month < 10 ? month + 3 : month - 9);
    civil->year = (int32_t)(year_of_era + era * 400 + (civil->month <= 2));
    civil->weekday = (int32_t)(((days + 4) % 7 + 7) % 7);
    civil->yearday = (int32_t)(days - fl_days_of(civil->year, 1, 1)) + 1;
}

/* The number of switches at or before TIME_S. */
static size_t switches_until(const struct fl_zone *zone, int64_t time_s)
{
    size_t low = 0;
    size_t high = zone->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= time_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_by_rule(const struct fl_zone *zone, int64_t time_s)
{
    return zone->rule.is_set && (zone->count == 0 || time_s >= zone->times[zone->count - 1]);
}

static int32_t offset_at(const struct fl_zone *zone, int64_t time_s)
{
    if (is_by_rule(zone, time_s))
        return fl_zone_rule_offset(&zone->rule, time_s);
    size_t done = switches_until(zone, time_s);
    return done == 0 ? zone->before : zone->after[done - 1];
}

const char *fl_zone_abbreviation(const struct fl_zone *zone, int64_t time_s)
{
    if (is_by_rule(zone, time_s))
        return fl_zone_rule_name(&zone->rule, time_s);
    size_t done = switches_until(zone, time_s);
    uint8_t at = done == 0 ? zone->called_before : zone->called[done - 1];
    return zone->names ? zone->names + at : "";
}

const char *fl_zone_id(const struct fl_zone *zone)
{
    return zone->id ? zone->id : "";
}

void fl_zone_civil(const struct fl_zone *zone, int64_t time_s, struct fl_civil *civil)
{
    int64_t time = time_s > LAST_TIME ? LAST_TIME : time_s < -LAST_TIME ? -LAST_TIME : time_s;
    int32_t offset = offset_at(zone, time);
    int64_t local = time + offset;
    int64_t days = local / FL_DAY_S - (local % FL_DAY_S < 0);
    int32_t second = (int32_t)(local - days * FL_DAY_S);

    civil_date(days, civil);
    civil->hour = second / 3600;
    civil->minute = second / 60 % 60;
    civil->second = second % 60;
    civil->offset = offset;
}

int64_t fl_zone_time(const struct fl_zone *zone, const struct fl_civil *civil)
{
    int64_t days = fl_days_of(civil->year, civil->month, civil->day);
    int64_t local =
        days * FL_DAY_S + civil->hour * INT64_C(3600) + civil->minute * INT64_C(60) + civil->second;
    /* Only the offsets that hold a day before and a day after can be meant. */
    int32_t before = offset_at(zone, local - FL_DAY_S);
    int32_t after = offset_at(zone, local + FL_DAY_S);
    int32_t larger = before > after ? before : after;
    int32_t smaller = before > after ? after : before;

    if (offset_at(zone, local - larger) == larger)
        return local - larger;
    if (offset_at(zone, local - smaller) == smaller)
        return local - smaller;
    /* The clocks skipped these fields: they are counted on from before the gap, as Java does. */
    return local - before;
}

/* Reads the two digits of a part of an offset; 0 when there are none or they exceed MAX. */
static int two_digits(const char *text, size_t size, int64_t max, int64_t *value)
{
    return size >= 1 && size <= 2 && text[0] != '+' && text[0] != '-' &&
           fl_parse_int(text, size, value) == FLOW_OK && *value <= max;
}

/* +h, +hh, +hmm, +hhmm, +h:mm or +hh:mm, with either sign, behind GMT, UTC, UT or nothing. */
static int custom_offset(const char *name, int32_t *offset)
{
    static const char *const prefixes[] = {"GMT", "UTC", "UT", ""};
    size_t i = 0;

    while (strncmp(name, prefixes[i], strlen(prefixes[i])) != 0)
        i++;
    const char *text = name + strlen(prefixes[i]);
    int negative = *text == '-';
    if (!negative && *text != '+')
        return 0;
    text++;
    const char *colon = strchr(text, ':');
    size_t size = strlen(text);
    size_t hours_size = colon ? (size_t)(colon - text) : size > 2 ? size - 2 : size;
    const char *minutes_at = text + hours_size + (colon != NULL);
    int64_t hours = 0;
    int64_t minutes = 0;
    int good = two_digits(text, hours_size, 23, &hours);
    if (good && *minutes_at != '\0')
        good = strlen(minutes_at) == 2 && two_digits(minutes_at, 2, 59, &minutes);
    else if (colon)
        good = 0;
    *offset = (int32_t)(hours * 3600 + minutes * 60) * (negative ? -1 : 1);
    return good;
}

static void set_fixed(struct fl_zone *zone, int32_t offset, const char *name)
{
    zone->rule = (struct fl_zone_rule){.is_set = 1, .standard = offset};
    memcpy(zone->rule.standard_name, name, strlen(name) + 1);
}

/* Makes ZONE one without switches when NAME means that. */
static int load_fixed(struct fl_zone *zone, const char *name)
{
    int32_t offset;

    for (size_t i = 0; i < sizeof fixed_names / sizeof *fixed_names; i++) {
        if (strcmp(name, fixed_names[i].name) == 0) {
            set_fixed(zone, fixed_names[i].hours * 3600, fixed_names[i].abbreviation);
            return 1;
        }
    }
    if (!custom_offset(name, &offset))
        return 0;
    set_fixed(zone, offset, "");
    return 1;
}

/* Reads what is at most LARGEST_FILE bytes of a regular file. */
static int read_all(int fd, const flow_allocator *mem, uint8_t **data, size_t *size)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > LARGEST_FILE)
        return FLOW_ENOENT;
    size_t room = (size_t)info.st_size;
    *data = fl_alloc(mem, room > 0 ? room : 1);
    if (!*data)
        return FLOW_ENOMEM;
    *size = 0;
    while (*size < room) {
        ssize_t got = read(fd, *data + *size, room - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        *size += (size_t)got;
    }
    return FLOW_OK;
}

static int load_path(struct fl_zone *zone, const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return errno == ENOMEM ? FLOW_ENOMEM : FLOW_ENOENT;
    int rc = read_all(fd, zone->mem, &data, &size);
    close(fd);
    if (rc == FLOW_OK)
        rc = fl_tzif_read(zone, data, size);
    fl_free(zone->mem, data);
    return rc;
}

static int set_id(struct fl_zone *zone, const char *id)
{
    zone->id = fl_strdup(zone->mem, id);
    return zone->id ? FLOW_OK : FLOW_ENOMEM;
}

/* Names come from configurations: none may lead out of the folder of zone files. */
static int is_confined(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_+-/";

    return *name != '\0' && *name != '/' && strspn(name, allowed) == strlen(name) &&
           strlen(name) <= LONGEST_NAME;
}

static int load_file(struct fl_zone *zone, const char *name)
{
    const char *folder = secure_getenv("TZDIR");

    if (!is_confined(name))
        return FLOW_ENOENT;
    if (!folder || *folder == '\0')
        folder = ZONE_FOLDER;
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = fl_alloc(zone->mem, size);
    if (!path)
        return FLOW_ENOMEM;
    memcpy(path, folder, strlen(folder));
    path[strlen(folder)] = '/';
    memcpy(path + strlen(folder) + 1, name, strlen(name) + 1);
    int rc = load_path(zone, path);
    fl_free(zone->mem, path);
    return rc == FLOW_OK ? set_id(zone, name) : rc;
}

/* A file that is, or that links to, one of the zone files has its name. */
static int load_linked(struct fl_zone *zone, const char *path)
{
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target - 1);
    int rc = load_path(zone, path);

    if (rc != FLOW_OK)
        return rc;
    target[size > 0 ? size : 0] = '\0';
    const char *found = strstr(size > 0 ? target : path, FOLDER_PART);
    return found ? set_id(zone, found + strlen(FOLDER_PART)) : FLOW_OK;
}

static int load_name(struct fl_zone *zone, const char *name)
{
    if (load_fixed(zone, name))
        return FLOW_OK;
    for (size_t i = 0; i < sizeof java_names / sizeof *java_names; i++) {
        if (strcmp(name, java_names[i][0]) == 0)
            return load_file(zone, java_names[i][1]);
    }
    return load_file(zone, name);
}

/* TZ holds a name, with or without a colon, a path, or a rule; whoever started us set it. */
static int load_environment(struct fl_zone *zone, const char *text)
{
    text += *text == ':';
    if (*text == '\0') {
        set_fixed(zone, 0, "UTC");
        return FLOW_OK;
    }
    if (*text == '/')
        return load_linked(zone, text);
    int rc = load_name(zone, text);
    return rc == FLOW_ENOENT ? fl_zone_rule_parse(text, &zone->rule) : rc;
}

static int load_system(struct fl_zone *zone)
{
    const char *text = getenv("TZ");
    int rc = text ? load_environment(zone, text) : load_linked(zone, "/etc/localtime");

    if (rc == FLOW_ENOMEM || rc == FLOW_OK)
        return rc;
    fl_zone_clear(zone);
    set_fixed(zone, 0, "UTC");
    return FLOW_OK;
}

int fl_zone_load(const flow_allocator *mem, const char *name, struct fl_zone **out)
{
    struct fl_zone *zone = fl_zalloc(mem, sizeof *zone);

    *out = NULL;
    if (!zone)
        return FLOW_ENOMEM;
    zone->mem = mem;
    int rc = name ? load_name(zone, name) : load_system(zone);
    if (rc != FLOW_OK) {
        fl_zone_free(zone);
        return rc == FLOW_ENOMEM ? rc : FLOW_ENOENT;
    }
    *out = zone;
    return FLOW_OK;
}

void fl_zone_clear(struct fl_zone *zone)
{
    const flow_allocator *mem = zone->mem;

    fl_free(mem, zone->id);
    fl_free(mem, zone->times);
    fl_free(mem, zone->after);
    fl_free(mem, zone->called);
    fl_free(mem, zone->names);
    *zone = (struct fl_zone){.mem = mem};
}

void fl_zone_free(struct fl_zone *zone)
{
    if (!zone)
        return;
    const flow_allocator *mem = zone->mem;
    fl_zone_clear(zone);
    fl_free(mem, zone);
}
