#include "bench/load/team.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/thread.h"

struct hand {
    struct team *team;
    size_t index;
    struct thread thread;
};

/* All but the first four is under the lock. */
struct team {
    size_t count;
    team_work idle;
    void *context;
    struct hand *hands; /* all but the caller */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a turn begins or ends */
    pthread_cond_t at_rest; /* nobody is in `idle` any more: only the caller waits for that */
    team_work work;
    uint64_t turn;  /* how often there was work */
    size_t working; /* threads that are at it */
    size_t idling;  /* threads that are done, and in `idle` now */
    bool over;
};

static struct timespec idle_end(void) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += TEAM_IDLE_US * 1000L;
    if (end.tv_nsec < 1000000000) return end;
    end.tv_nsec -= 1000000000;
    end.tv_sec++;
    return end;
}

/* Locked. */
static void idle_once(struct team *team, size_t index) {
    const struct timespec end = idle_end();
    if (pthread_cond_timedwait(&team->changed, &team->lock, &end) != ETIMEDOUT || team->working == 0) return;
    team->idling++;
    pthread_mutex_unlock(&team->lock);
    team->idle(team->context, index);
    pthread_mutex_lock(&team->lock);
    if (--team->idling == 0) pthread_cond_signal(&team->at_rest);
}

/* Until the others are done, too. Who is idle may come back from it when the next turn has begun: then it is over. */
static void finish(struct team *team, size_t index, uint64_t turn) {
    pthread_mutex_lock(&team->lock);
    if (--team->working == 0) pthread_cond_broadcast(&team->changed);
    while (team->turn == turn && team->working > 0) {
        if (team->idle)
            idle_once(team, index);
        else
            pthread_cond_wait(&team->changed, &team->lock);
    }
    pthread_mutex_unlock(&team->lock);
}

static uint64_t await_turn(struct team *team, uint64_t done) {
    pthread_mutex_lock(&team->lock);
    while (!team->over && team->turn == done) pthread_cond_wait(&team->changed, &team->lock);
    uint64_t turn = team->over ? 0 : team->turn;
    pthread_mutex_unlock(&team->lock);
    return turn;
}

static void hand_main(void *argument) {
    const struct hand *hand = argument;
    struct team *team = hand->team;
    for (uint64_t turn = 0; (turn = await_turn(team, turn)) != 0;) {
        team->work(team->context, hand->index);
        finish(team, hand->index, turn);
    }
}

static bool start_hands(struct team *team) {
    for (size_t i = 1; i < team->count; i++) {
        struct hand *hand = &team->hands[i - 1];
        char name[32];
        *hand = (struct hand){.team = team, .index = i};
        snprintf(name, sizeof name, "load-%zu", i + 1);
        int error = thread_start(&hand->thread, name, false, hand_main, hand);
        if (error == 0) continue;
        errno = -error;
        return false;
    }
    return true;
}

static void start_lock(struct team *team) {
    pthread_condattr_t attributes;
    pthread_mutex_init(&team->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&team->changed, &attributes);
    pthread_cond_init(&team->at_rest, NULL);
    pthread_condattr_destroy(&attributes);
}

struct team *team_create(size_t count, team_work idle, void *context) {
    struct team *team = calloc(1, sizeof *team);
    if (!team) return NULL;
    *team = (struct team){.count = count, .idle = idle, .context = context};
    team->hands = calloc(count, sizeof *team->hands);
    start_lock(team);
    if (team->hands && start_hands(team)) return team;
    int error = errno;
    team_destroy(team);
    errno = error;
    return NULL;
}

void team_destroy(struct team *team) {
    if (!team) return;
    pthread_mutex_lock(&team->lock);
    team->over = true;
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->lock);
    for (size_t i = 1; team->hands && i < team->count; i++) thread_join(&team->hands[i - 1].thread);
    pthread_cond_destroy(&team->at_rest);
    pthread_cond_destroy(&team->changed);
    pthread_mutex_destroy(&team->lock);
    free(team->hands);
    free(team);
}

void team_do(struct team *team, team_work work) {
    if (team->count == 1) {
        work(team->context, 0);
        return;
    }
    pthread_mutex_lock(&team->lock);
    team->work = work;
    team->working = team->count;
    uint64_t turn = ++team->turn;
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->lock);
    work(team->context, 0);
    finish(team, 0, turn);
    pthread_mutex_lock(&team->lock);
    while (team->idling > 0) pthread_cond_wait(&team->at_rest, &team->lock);
    pthread_mutex_unlock(&team->lock);
}
