/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include "core/globals.h"
#include "core/names.h"
#include "core/settings.h"

static int is_set(const struct fl_vec *keys, const flow_property *p)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct fl_raw *raw = fl_vec_at(keys, i);
        if (strcmp(raw->key, p->name) == 0 || fl_names_has(p->aliases, raw->key))
            return 1;
    }
    return 0;
}

/* The value, or NULL, and the name that it is given under. */
static const char *find(const flow_config *config, const flow_property *p, const char **name)
{
    const char *value = p->definition ? flow_config_definition(config, p->definition) : NULL;

    *name = p->definition;
    if (!value && p->variable) {
        value = getenv(p->variable);
        *name = p->variable;
    }
    return value && value[0] != '\0' ? value : NULL;
}

int fl_globals_add(const flow_schema *schema, const flow_config *config, struct fl_vec *keys)
{
    for (size_t i = 0; i < schema->count; i++) {
        const flow_property *p = &schema->properties[i];
        struct fl_raw raw = {.key = p->name, .file = ""};
        raw.value = find(config, p, &raw.full);
        if (raw.value && !is_set(keys, p) && !fl_vec_push(keys, &raw))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}
