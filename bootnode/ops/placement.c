#include "bootnode/ops/placement.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bootnode/worker.h"
#include "common/log.h"

#define AREA "bootnode"
#define PROCESSOR_TEXT_SIZE 6 /* " 1023" and the final zero */

int placement_choose(const cpu_set_t *allowed, size_t index) {
    int count = CPU_COUNT(allowed);
    if (count == 0) return -1;
    size_t left = index % (size_t)count;
    for (int processor = 0; processor < CPU_SETSIZE; processor++)
        if (CPU_ISSET((size_t)processor, allowed) && left-- == 0) return processor;
    return -1;
}

static int pin(const struct worker *worker, int processor) {
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    CPU_SET((size_t)processor, &chosen);
    return pthread_setaffinity_np(worker->thread.handle, sizeof chosen, &chosen);
}

void placement_pin_workers(const struct worker *workers, size_t count) {
    char list[NODE_SHARDS_MAX * PROCESSOR_TEXT_SIZE] = "";
    size_t size = 0;
    cpu_set_t allowed;
    int error = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? 0 : errno;
    for (size_t i = 0; i < count && error == 0; i++) {
        int processor = placement_choose(&allowed, i);
        error = pin(&workers[i], processor);
        size += (size_t)snprintf(list + size, sizeof list - size, " %d", processor);
    }
    if (error == 0)
        log_info(AREA, "workers pinned to processors%s", list);
    else
        log_warning(AREA, "workers are not pinned to processors: %s", strerror(error));
}
