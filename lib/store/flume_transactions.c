/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with chains: few transactions are open at a time, yet a crash may leave many. */

#include "store/flume_transactions.h"
#include "store/flume_queue.h"

#define SMALLEST 64

/* Numbers of logs have 31 bits. */
#define TAKE_MARK ((uint64_t)1 << 63)

void fl_flume_transactions_init(struct fl_flume_transactions *open, const flow_allocator *mem)
{
    *open = (struct fl_flume_transactions){.mem = mem, .seed = fl_flume_seed()};
}

void fl_flume_transaction_free(struct fl_flume_transaction *transaction)
{
    if (!transaction)
        return;
    const flow_allocator *mem = transaction->pointers.mem;
    fl_vec_free(&transaction->pointers);
    fl_free(mem, transaction);
}

void fl_flume_transactions_free(struct fl_flume_transactions *open)
{
    for (size_t i = 0; i < open->slot_count; i++) {
        while (open->slots[i]) {
            struct fl_flume_transaction *first = open->slots[i];
            open->slots[i] = first->next;
            fl_flume_transaction_free(first);
        }
    }
    fl_free(open->mem, open->slots);
    *open = (struct fl_flume_transactions){.mem = open->mem, .seed = open->seed};
}

static size_t slot_of(const struct fl_flume_transactions *open, int64_t id)
{
    return (size_t)fl_flume_hash(open->seed, (uint64_t)id) & (open->slot_count - 1);
}

/* The link that leads to ID, or the one that ends its chain; NULL without slots. */
static struct fl_flume_transaction **find(const struct fl_flume_transactions *open, int64_t id)
{
    if (!open->slot_count)
        return NULL;
    struct fl_flume_transaction **link = &open->slots[slot_of(open, id)];
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

static int grow(struct fl_flume_transactions *open)
{
    struct fl_flume_transactions grown = *open;

    grown.slot_count = open->slot_count ? open->slot_count * 2 : SMALLEST;
    grown.slots = fl_calloc(open->mem, grown.slot_count, sizeof *grown.slots);
    if (!grown.slots)
        return FLOW_ENOMEM;
    for (size_t i = 0; i < open->slot_count; i++) {
        while (open->slots[i]) {
            struct fl_flume_transaction *moved = open->slots[i];
            open->slots[i] = moved->next;
            struct fl_flume_transaction **slot = &grown.slots[slot_of(&grown, moved->id)];
            moved->next = *slot;
            *slot = moved;
        }
    }
    fl_free(open->mem, open->slots);
    *open = grown;
    return FLOW_OK;
}

static struct fl_flume_transaction *begin(struct fl_flume_transactions *open, int64_t id)
{
    if (open->count == open->slot_count && grow(open))
        return NULL;
    struct fl_flume_transaction *begun = fl_zalloc(open->mem, sizeof *begun);
    if (!begun)
        return NULL;
    begun->id = id;
    fl_vec_init(&begun->pointers, open->mem, sizeof(uint64_t));
    *find(open, id) = begun;
    open->count++;
    return begun;
}

int fl_flume_transactions_add(struct fl_flume_transactions *open, int64_t id, uint64_t pointer,
                              int is_take)
{
    struct fl_flume_transaction **link = find(open, id);
    struct fl_flume_transaction *transaction = link && *link ? *link : begin(open, id);

    pointer |= is_take ? TAKE_MARK : 0;
    if (!transaction || !fl_vec_push(&transaction->pointers, &pointer))
        return FLOW_ENOMEM;
    transaction->takes += is_take != 0;
    return FLOW_OK;
}

int fl_flume_transaction_at(const struct fl_flume_transaction *transaction, size_t index,
                            uint64_t *pointer)
{
    uint64_t marked = *(uint64_t *)fl_vec_at(&transaction->pointers, index);

    *pointer = marked & ~TAKE_MARK;
    return *pointer != marked;
}

struct fl_flume_transaction *fl_flume_transactions_end(struct fl_flume_transactions *open,
                                                       int64_t id)
{
    struct fl_flume_transaction **link = find(open, id);
    struct fl_flume_transaction *ended = link ? *link : NULL;

    if (ended) {
        *link = ended->next;
        open->count--;
    }
    return ended;
}

struct fl_flume_transaction *fl_flume_transactions_next(const struct fl_flume_transactions *open,
                                                        const struct fl_flume_transaction *after)
{
    if (after && after->next)
        return after->next;
    for (size_t i = after ? slot_of(open, after->id) + 1 : 0; i < open->slot_count; i++) {
        if (open->slots[i])
            return open->slots[i];
    }
    return NULL;
}
