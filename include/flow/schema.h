/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_SCHEMA_H
#define FLOW_SCHEMA_H

#include <flow/api.h>

FLOW_BEGIN_DECLS

/*
 * Types of properties.  No component parses text: it declares what it wants and reads the value
 * with the flow_context_... call of that type, which cannot fail.
 */
#define FLOW_TYPE_STRING 1    /* text as it stands */
#define FLOW_TYPE_INT 2       /* decimal, between `min` and `max` */
#define FLOW_TYPE_BOOL 3      /* true or false, in any case */
#define FLOW_TYPE_CHOICE 4    /* one of `choices`, in any case */
#define FLOW_TYPE_WORDS 5     /* words separated by white space */
#define FLOW_TYPE_PATTERN 6   /* a Java regular expression */
#define FLOW_TYPE_PATH 7      /* a file or folder; ~ is the home folder */
#define FLOW_TYPE_HOST 8      /* a name or address */
#define FLOW_TYPE_CHARSET 9   /* a character set, by its Java or IANA name */
#define FLOW_TYPE_COMPONENT 10 /* the type of a part with properties of its own below this name */
#define FLOW_TYPE_SECRET 11   /* text that is never printed */
#define FLOW_TYPE_PATHS 12    /* files or folders, separated by commas; ~ is the home folder */

#define FLOW_PROPERTY_REQUIRED 1u
#define FLOW_PROPERTY_PREFIX 2u     /* the name ends in '.'; any key below it is text */
#define FLOW_PROPERTY_DEPRECATED 4u /* still honoured; `help` says what to use instead */
#define FLOW_PROPERTY_LENIENT 8u    /* a bad value means the default, with a warning, as in Flume */
#define FLOW_PROPERTY_NO_EFFECT 16u /* known, without meaning here; `help` says why; warned of */

/*
 * One property.  Strings are static.  Every property has a `help` sentence; `flow describe`, the
 * man pages and the checks of a configuration are made from these.
 */
typedef struct flow_property {
    const char *name;          /* as in a file, below the component: "hdfs.rollInterval" */
    const char *default_value; /* as in a file; NULL: unset */
    const char *unit;          /* "ms", "s", "bytes", "events", or NULL */
    const char *choices;       /* for FLOW_TYPE_CHOICE: "oldest|youngest|random" */
    const char *aliases;       /* other names of the same property: "batchSize|batch-size" */
    const char *help;
    int64_t min;               /* for FLOW_TYPE_INT; both 0: any */
    int64_t max;
    uint32_t type;
    uint32_t flags;
    uint32_t kind;             /* for FLOW_TYPE_COMPONENT: FLOW_KIND_... */
    uint32_t reserved;         /* 0 */
    const char *definition;    /* (optional) what flow_config_define may define instead, for all */
    const char *variable;      /* (optional) the environment variable that comes after that */
} flow_property;

/*
 * All properties of a component.  Behind its own are those of its parts, which it shares with
 * others, such as what all have that speak TLS.  A part is a schema like any other, with a summary.
 * The schemas that the library hands out have the properties of their parts among their own.
 */
typedef struct flow_schema {
    uint32_t struct_size;
    uint32_t property_size; /* sizeof(flow_property) */
    const flow_property *properties;
    uint64_t count;
    const char *summary;     /* one sentence: what the component does */
    const char *description; /* paragraphs for its man page, divided by empty lines; may be NULL */
    const struct flow_schema *const *parts; /* (optional) ends in NULL */
} flow_schema;

FLOW_END_DECLS

#endif
