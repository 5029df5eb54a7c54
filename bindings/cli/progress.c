/* SPDX-License-Identifier: Apache-2.0 */

#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define EVERY_MS 200
#define WIDTH 30

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, uint64_t whole)
{
    *progress = (struct progress){
        .on = isatty(STDERR_FILENO),
        .whole = whole,
        .begun = now_ms(),
    };
}

static void draw_bar(const struct progress *progress)
{
    uint64_t done = progress->done < progress->whole ? progress->done : progress->whole;
    int filled = (int)((double)done / (double)progress->whole * WIDTH);

    fputc('[', stderr);
    for (int i = 0; i < WIDTH; i++)
        fputc(i < filled ? '#' : ' ', stderr);
    fprintf(stderr, "] %3d%% ", (int)((double)done / (double)progress->whole * 100));
}

static void draw(struct progress *progress, uint64_t events, int64_t now)
{
    int64_t ms = now > progress->begun ? now - progress->begun : 1;

    fputc('\r', stderr);
    if (progress->whole > 0)
        draw_bar(progress);
    fprintf(stderr, "%" PRIu64 " events, %.0f/s\033[K", events, (double)events * 1000 / (double)ms);
    fflush(stderr);
    progress->shown = now;
}

void progress_show(struct progress *progress, uint64_t events)
{
    if (!progress->on)
        return;
    int64_t now = now_ms();
    if (now - progress->shown >= EVERY_MS)
        draw(progress, events, now);
}

void progress_end(struct progress *progress, uint64_t events)
{
    if (!progress->on)
        return;
    draw(progress, events, now_ms());
    fputc('\n', stderr);
}
