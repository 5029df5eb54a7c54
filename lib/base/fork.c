/* SPDX-License-Identifier: Apache-2.0 */

/* A page with a mark on it, which the kernel hands to a child empty. */

#include <sys/mman.h>
#include <unistd.h>

#include "base/fork.h"

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

int fl_fork_guard_init(struct fl_fork_guard *guard)
{
    int protection = PROT_READ | PROT_WRITE;
    void *page = mmap(NULL, page_size(), protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    guard->page = NULL;
    if (page == MAP_FAILED)
        return FLOW_ENOMEM;
    if (madvise(page, page_size(), MADV_WIPEONFORK)) {
        munmap(page, page_size());
        return FLOW_EIO;
    }
    guard->page = page;
    *guard->page = 1;
    return FLOW_OK;
}

void fl_fork_guard_free(struct fl_fork_guard *guard)
{
    if (guard->page)
        munmap((void *)guard->page, page_size());
    guard->page = NULL;
}
