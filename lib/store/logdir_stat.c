/* SPDX-License-Identifier: Apache-2.0 */

/* What a survey found, in numbers. */

#include <string.h>

#include "base/error.h"
#include "core/library.h"
#include "core/table.h"
#include "store/logdir.h"

int fl_logdir_waiting(const flow_logdir *dir, const struct fl_mark *mark, struct fl_ranges *out)
{
    const struct fl_ranges *present = &dir->survey.present;

    for (size_t i = 0; i < present->list.count; i++) {
        const struct fl_range *range = fl_vec_at(&present->list, i);
        uint64_t at = range->first > mark->watermark ? range->first : mark->watermark;
        while (at < range->end) {
            const struct fl_range *done = fl_ranges_find(&mark->acked, at);
            uint64_t end = done && done->first < range->end ? done->first : range->end;
            if (end > at && fl_ranges_reserve(out, 1))
                return FLOW_ENOMEM;
            if (end > at)
                fl_ranges_add(out, at, end);
            at = done && done->first < range->end ? done->end : range->end;
        }
    }
    return FLOW_OK;
}

/* The consumer at INDEX, of those that have a name. */
static const struct fl_mark *mark_at(const flow_logdir *dir, size_t index)
{
    const struct fl_vec *marks = &dir->survey.state.marks;

    for (size_t i = 0; i < marks->count; i++) {
        const struct fl_mark *mark = fl_vec_at(marks, i);
        if (mark->name && index-- == 0)
            return mark;
    }
    return NULL;
}

static int64_t checkpoint_time(const flow_logdir *dir)
{
    char *path = fl_control_path(&dir->env, dir->control, dir->survey.control.generation % 2);
    struct stat found;
    int there = path && dir->env.io->stat(dir->env.io->self, path, &found) == 0;

    fl_free(dir->env.mem, path);
    return there ? (int64_t)found.st_mtim.tv_sec * 1000 + found.st_mtim.tv_nsec / 1000000 : 0;
}

/* What a segment is encrypted with, or NULL. */
static const char *key_of(const struct fl_piece *piece)
{
    int is_part = piece->kind == FL_PIECE_SOUND || piece->kind == FL_PIECE_BROKEN;

    return is_part && piece->front.seal.name[0] ? piece->front.seal.name : NULL;
}

static void count_segments(const flow_logdir *dir, flow_logdir_stat *stat)
{
    stat->spares = dir->survey.spares;
    stat->bytes = dir->survey.spare_bytes;
    for (size_t i = 0; i < dir->survey.pieces.count; i++) {
        const struct fl_piece *piece = fl_vec_at(&dir->survey.pieces, i);
        stat->segments += piece->kind == FL_PIECE_SOUND || piece->kind == FL_PIECE_BROKEN;
        stat->bytes += piece->bytes;
        stat->encrypted += key_of(piece) != NULL;
    }
}

int flow_logdir_stat_get(const flow_logdir *dir, flow_logdir_stat *stat)
{
    const struct fl_survey *survey = &dir->survey;
    flow_logdir_stat mine = {
        .struct_size = sizeof mine,
        .clean = (uint32_t)survey->control.clean,
        .events = fl_ranges_total(&survey->present),
        .lost = fl_ranges_total(&survey->given_up),
        .first = survey->first,
        .end = survey->end,
        .faults = survey->faults.count,
        .checkpoint = survey->control.generation,
        .hidden = (uint64_t)survey->state.hidden,
    };
    const struct fl_mark *mark;
    struct fl_ranges waiting;
    int rc = FLOW_OK;

    count_segments(dir, &mine);
    if (mine.checkpoint)
        mine.checkpoint_time = checkpoint_time(dir);
    fl_ranges_init(&waiting, dir->env.mem);
    for (; !rc && (mark = mark_at(dir, (size_t)mine.cursors)) != NULL; mine.cursors++)
        rc = fl_logdir_waiting(dir, mark, &waiting);
    mine.waiting = fl_ranges_total(&waiting);
    fl_ranges_free(&waiting);
    return rc ? rc : fl_table_export(stat, &mine, sizeof mine, sizeof(uint32_t));
}

int flow_logdir_cursor_at(const flow_logdir *dir, size_t index, flow_logdir_cursor *cursor)
{
    const struct fl_mark *mark = mark_at(dir, index);
    struct fl_ranges waiting;

    if (!mark)
        return FLOW_ENOENT;
    fl_ranges_init(&waiting, dir->env.mem);
    int rc = fl_logdir_waiting(dir, mark, &waiting);
    const flow_logdir_cursor mine = {
        .struct_size = sizeof mine,
        .id = mark->id,
        .name = mark->name,
        .watermark = mark->watermark,
        .done_above = fl_ranges_total(&mark->acked),
        .backlog = fl_ranges_total(&waiting),
        .skipped = mark->skipped,
        .letters = mark->letters.count,
        .paused = (mark->terms.flags & FL_CURSOR_PAUSED) != 0,
    };
    fl_ranges_free(&waiting);
    return rc ? rc : fl_table_export(cursor, &mine, sizeof mine, sizeof(uint32_t));
}

/* Looks for the sender at an index. */
struct search {
    size_t left; /* before it */
    flow_logdir_sender found;
};

static int look_at_sender(void *arg, const struct fl_sender_info *info)
{
    struct search *search = arg;
    const struct fl_vec *list = &info->had->list;

    if (search->left--)
        return FLOW_OK;
    const struct fl_range *last = list->count ? fl_vec_at(list, list->count - 1) : NULL;
    search->found = (flow_logdir_sender){
        .struct_size = sizeof search->found,
        .key_size = info->key_size,
        .key = info->key,
        .time = info->time,
        .ranges = list->count,
        .end = last ? last->end : 0,
        .closed = last && last->end == FLOW_SPAN_CLOSED,
    };
    return FLOW_PENDING;
}

int flow_logdir_sender_at(const flow_logdir *dir, size_t index, flow_logdir_sender *sender)
{
    struct search search = {.left = index};

    if (fl_spans_each(dir->spans, look_at_sender, &search) != FLOW_PENDING)
        return FLOW_ENOENT;
    return fl_table_export(sender, &search.found, sizeof search.found, sizeof(uint32_t));
}

/* The index of the first segment with the key NAME. */
static size_t first_with(const struct fl_vec *pieces, const char *name)
{
    size_t i = 0;

    for (; i < pieces->count; i++) {
        const char *key = key_of(fl_vec_at(pieces, i));
        if (key && !strcmp(key, name))
            break;
    }
    return i;
}

int flow_logdir_key_at(const flow_logdir *dir, size_t index, flow_logdir_key *key)
{
    const struct fl_vec *pieces = &dir->survey.pieces;
    flow_logdir_key mine = {.struct_size = sizeof mine};

    for (size_t i = 0; i < pieces->count; i++) {
        const char *name = key_of(fl_vec_at(pieces, i));
        if (!mine.name && name && first_with(pieces, name) == i && index-- == 0)
            mine.name = name;
        mine.segments += mine.name && name && !strcmp(name, mine.name);
    }
    if (!mine.name)
        return FLOW_ENOENT;
    return fl_table_export(key, &mine, sizeof mine, sizeof(uint32_t));
}

int flow_logdir_fault_at(const flow_logdir *dir, size_t index, flow_logdir_fault *fault)
{
    if (index >= dir->told.count)
        return FLOW_ENOENT;
    const struct fl_told *told = fl_vec_at(&dir->told, index);
    const flow_logdir_fault mine = {
        .struct_size = sizeof mine,
        .repaired = (uint32_t)told->repaired,
        .file = told->file,
        .at = told->at,
        .end = told->end,
        .message = told->message,
    };
    return fl_table_export(fault, &mine, sizeof mine, sizeof(uint32_t));
}

int flow_logdir_lost_at(const flow_logdir *dir, size_t index, uint64_t *first, uint64_t *end)
{
    if (index >= dir->lost.list.count)
        return FLOW_ENOENT;
    const struct fl_range *range = fl_vec_at(&dir->lost.list, index);
    *first = range->first;
    *end = range->end;
    return FLOW_OK;
}

int flow_logdir_is_waiting(const flow_logdir *dir, uint64_t offset)
{
    return fl_state_needs(&dir->survey.state, offset);
}
