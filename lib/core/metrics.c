/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Counters of a component, and readings of many components' counters.  A counter is never removed,
 * so the list is walked without a lock; only adding to it takes one.
 */

#include "core/metrics.h"

#include <string.h>

#include "base/error.h"
#include "base/vec.h"
#include "core/table.h"

struct flow_metrics {
    const flow_allocator *mem;
    struct fl_vec metrics; /* of flow_metric; their texts are owned */
};

int fl_counters_init(struct fl_counters *counters, const flow_allocator *mem)
{
    counters->mem = mem;
    atomic_init(&counters->first, NULL);
    return fl_lock_init(&counters->lock);
}

void fl_counters_free(struct fl_counters *counters)
{
    flow_counter *counter = atomic_load(&counters->first);

    while (counter) {
        flow_counter *next = counter->next;
        fl_free(counters->mem, counter->name);
        fl_free(counters->mem, counter);
        counter = next;
    }
    fl_lock_destroy(&counters->lock);
}

static flow_counter *find(const struct fl_counters *counters, const char *name)
{
    flow_counter *counter = atomic_load_explicit(&counters->first, memory_order_acquire);

    while (counter && strcmp(counter->name, name) != 0)
        counter = counter->next;
    return counter;
}

static flow_counter *add_counter(struct fl_counters *counters, const char *name)
{
    flow_counter *counter = fl_zalloc(counters->mem, sizeof(*counter));

    if (!counter)
        return NULL;
    counter->name = fl_strdup(counters->mem, name);
    if (!counter->name) {
        fl_free(counters->mem, counter);
        return NULL;
    }
    counter->next = atomic_load_explicit(&counters->first, memory_order_relaxed);
    atomic_store_explicit(&counters->first, counter, memory_order_release);
    return counter;
}

flow_counter *fl_counters_get(struct fl_counters *counters, const char *name)
{
    flow_counter *counter = find(counters, name);

    if (counter)
        return counter;
    fl_lock(&counters->lock);
    counter = find(counters, name);
    if (!counter)
        counter = add_counter(counters, name);
    fl_unlock(&counters->lock);
    return counter;
}

int64_t fl_counters_value(const struct fl_counters *counters, const char *name)
{
    const flow_counter *counter = find(counters, name);

    return counter ? atomic_load_explicit(&counter->value, memory_order_relaxed) : 0;
}

void flow_counter_add(flow_counter *counter, int64_t n)
{
    if (counter)
        atomic_fetch_add_explicit(&counter->value, n, memory_order_relaxed);
}

void flow_counter_set(flow_counter *counter, int64_t value)
{
    if (counter)
        atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

int fl_metrics_new(const flow_allocator *mem, flow_metrics **metrics, flow_error **err)
{
    flow_metrics *made = fl_zalloc(mem, sizeof(*made));

    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    fl_vec_init(&made->metrics, mem, sizeof(flow_metric));
    *metrics = made;
    return FLOW_OK;
}

int fl_metrics_add_value(flow_metrics *metrics, uint32_t kind, const char *component,
                         const char *name, int64_t value)
{
    flow_metric metric = {
        .struct_size = sizeof(metric),
        .kind = kind,
        .component = fl_strdup(metrics->mem, component),
        .name = fl_strdup(metrics->mem, name),
        .value = value,
    };

    if (metric.component && metric.name && fl_vec_push(&metrics->metrics, &metric) != NULL)
        return FLOW_OK;
    fl_free(metrics->mem, (void *)metric.component);
    fl_free(metrics->mem, (void *)metric.name);
    return FLOW_ENOMEM;
}

/* The list has the newest counter first; a reading has them in the order they were made. */
static int add_from(flow_metrics *metrics, uint32_t kind, const char *component,
                    const flow_counter *last)
{
    struct fl_vec order;
    int result = FLOW_OK;

    fl_vec_init(&order, metrics->mem, sizeof(last));
    for (; result == FLOW_OK && last; last = last->next) {
        if (!fl_vec_push(&order, &last))
            result = FLOW_ENOMEM;
    }
    for (size_t i = order.count; result == FLOW_OK && i > 0; i--) {
        const flow_counter *counter = *(const flow_counter **)fl_vec_at(&order, i - 1);
        result = fl_metrics_add_value(metrics, kind, component, counter->name,
                                      atomic_load_explicit(&counter->value, memory_order_relaxed));
    }
    fl_vec_free(&order);
    return result;
}

int fl_metrics_add(flow_metrics *metrics, uint32_t kind, const char *component,
                   const struct fl_counters *counters)
{
    return add_from(metrics, kind, component,
                    atomic_load_explicit(&counters->first, memory_order_acquire));
}

int flow_metrics_at(const flow_metrics *metrics, size_t index, flow_metric *metric)
{
    if (!metrics || !metric)
        return FLOW_EINVAL;
    if (index >= metrics->metrics.count)
        return FLOW_ENOENT;
    const flow_metric *mine = fl_vec_at(&metrics->metrics, index);
    return fl_table_export(metric, mine, sizeof(*mine), sizeof(*mine));
}

int64_t flow_metrics_value(const flow_metrics *metrics, const char *component, const char *name)
{
    if (!metrics || !component || !name)
        return 0;
    for (size_t i = 0; i < metrics->metrics.count; i++) {
        const flow_metric *metric = fl_vec_at(&metrics->metrics, i);
        if (strcmp(metric->component, component) == 0 && strcmp(metric->name, name) == 0)
            return metric->value;
    }
    return 0;
}

void flow_metrics_free(flow_metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->metrics.count; i++) {
        const flow_metric *metric = fl_vec_at(&metrics->metrics, i);
        fl_free(metrics->mem, (void *)metric->component);
        fl_free(metrics->mem, (void *)metric->name);
    }
    fl_vec_free(&metrics->metrics);
    fl_free(metrics->mem, metrics);
}
