/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "store/ranges.h"

void fl_ranges_init(struct fl_ranges *ranges, const flow_allocator *mem)
{
    fl_vec_init(&ranges->list, mem, sizeof(struct fl_range));
}

void fl_ranges_free(struct fl_ranges *ranges)
{
    fl_vec_free(&ranges->list);
}

int fl_ranges_reserve(struct fl_ranges *ranges, size_t count)
{
    return fl_vec_reserve(&ranges->list, ranges->list.count + count);
}

static struct fl_range *items(const struct fl_ranges *ranges)
{
    return ranges->list.items;
}

/* The index of the first range whose end is not below OFFSET. */
static size_t lower(const struct fl_ranges *ranges, uint64_t offset)
{
    size_t from = 0, to = ranges->list.count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (items(ranges)[middle].end < offset)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Puts RANGE in place of COUNT others from AT on. */
static void splice(struct fl_ranges *ranges, size_t at, size_t count, const struct fl_range *range)
{
    struct fl_range *list = items(ranges);
    size_t behind = ranges->list.count - at - count;

    memmove(list + at + 1, list + at + count, behind * sizeof *list);
    list[at] = *range;
    ranges->list.count = at + 1 + behind;
}

uint64_t fl_ranges_add(struct fl_ranges *ranges, uint64_t first, uint64_t end)
{
    struct fl_range sum = {first, end};
    uint64_t known = 0;
    size_t at = lower(ranges, first), n = 0;

    if (first >= end)
        return 0;
    for (; at + n < ranges->list.count && items(ranges)[at + n].first <= end; n++) {
        const struct fl_range *old = &items(ranges)[at + n];
        uint64_t from = old->first > first ? old->first : first;
        uint64_t to = old->end < end ? old->end : end;
        known += to > from ? to - from : 0;
        sum.first = old->first < sum.first ? old->first : sum.first;
        sum.end = old->end > sum.end ? old->end : sum.end;
    }
    splice(ranges, at, n, &sum);
    return end - first - known;
}

void fl_ranges_trim(struct fl_ranges *ranges, uint64_t offset)
{
    struct fl_range *list = items(ranges);
    size_t gone = 0;

    while (gone < ranges->list.count && list[gone].end <= offset)
        gone++;
    if (gone) {
        ranges->list.count -= gone;
        memmove(list, list + gone, ranges->list.count * sizeof *list);
    }
    if (ranges->list.count && list->first < offset)
        list->first = offset;
}

const struct fl_range *fl_ranges_find(const struct fl_ranges *ranges, uint64_t offset)
{
    size_t at = lower(ranges, offset + 1);

    return at < ranges->list.count ? &items(ranges)[at] : NULL;
}

uint64_t fl_ranges_total(const struct fl_ranges *ranges)
{
    uint64_t total = 0;

    for (size_t i = 0; i < ranges->list.count; i++)
        total += items(ranges)[i].end - items(ranges)[i].first;
    return total;
}
