#include "bootnode/keeping.h"

#include "common/log.h"

#define AREA "bootnode"

static void let_go(struct service_manager *manager, const struct handed_socket *socket) {
    char name[HANDED_NAME_SIZE];
    handed_name(&socket->place, name);
    service_manager_forget(manager, name);
}

void keeping_let_go_of_unsuited(struct service_manager *manager, const struct handed *handed, size_t workers) {
    bool any = false;
    for (size_t i = 0; i < handed->count; i++) {
        const struct handed_socket *socket = &handed->items[i];
        if (!socket->kept || handed_is_whole(handed, &socket->bound, workers)) continue;
        let_go(manager, socket);
        any = true;
    }
    if (any && !service_manager_wait(manager))
        log_warning(AREA, "the service manager does not let go of sockets that it kept: packets may come astray");
}

void keeping_let_go_of_unused(struct service_manager *manager, struct handed *handed) {
    for (size_t i = 0; i < handed->count; i++)
        if (handed->items[i].descriptor >= 0) let_go(manager, &handed->items[i]);
    handed_close(handed);
}

static bool keep(struct service_manager *manager, const struct handed_place *place, int descriptor) {
    char name[HANDED_NAME_SIZE];
    handed_name(place, name);
    return service_manager_keep(manager, name, descriptor);
}

/* Those of one worker for one address. */
static bool keep_lanes(struct service_manager *manager, const int *lanes, size_t worker, size_t workers) {
    bool kept = true;
    for (enum lane lane = 0; lane < LANE_COUNT && kept; lane++)
        if (lanes[lane] >= 0) kept = keep(manager, &(struct handed_place){lane, worker, workers}, lanes[lane]);
    return kept;
}

/* A manager that does not take one is not waited for again and again. */
void keeping_begin(struct service_manager *manager, const struct socket_groups *sockets, const struct worker *workers) {
    const size_t count = sockets->worker_count;
    bool kept = true;
    if (!service_manager_may_keep(manager, count * sockets->bound_count * LANE_COUNT)) return;
    for (size_t i = 0; i < sockets->bound_count; i++)
        for (size_t worker = 0; worker < count && kept && !sockets->foreign[i]; worker++)
            kept = keep_lanes(manager, workers[worker].listeners[i].sockets, worker, count);
    if (!kept) log_warning(AREA, "the service manager does not take our sockets: the next start opens its own");
}
