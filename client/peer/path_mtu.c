#include "client/peer/path_mtu.h"

#include "common/clock.h"
#include "common/holds.h"

#define STEP FRAMES_ALIGNMENT

static bool is_size(uint16_t size) {
    return size >= PATH_MTU_BASE && size <= PATH_MTU_MOST && (size - PEER_DATA_OVERHEAD) % STEP == 0;
}

bool path_mtu_holds(const struct path_mtu *mtu) {
    if (!is_size(mtu->size) || !is_size(mtu->most) || mtu->size > mtu->most || mtu->tries > PATH_MTU_TRIES)
        return false;
    if (mtu->probe == 0) return true;
    return is_size(mtu->probe) && mtu->probe > mtu->size && mtu->probe <= mtu->most;
}

void path_mtu_init(struct path_mtu *mtu) {
    *mtu = (struct path_mtu){.size = PATH_MTU_BASE, .most = PATH_MTU_MOST};
}

static void ask_about(struct path_mtu *mtu, uint16_t size, uint64_t now) {
    mtu->probe = size;
    mtu->tries = 0;
    mtu->token = 0;
    mtu->due = now;
}

static void end_search(struct path_mtu *mtu, uint64_t now) {
    mtu->probe = 0;
    mtu->most = mtu->size;
    mtu->raising = false;
    mtu->raise_at = now + PATH_MTU_RAISE_MS;
}

static uint16_t half_way(const struct path_mtu *mtu) {
    unsigned half = ((unsigned)mtu->size + mtu->most + STEP) / 2;
    return (uint16_t)(half - half % STEP);
}

void path_mtu_wanted(struct path_mtu *mtu, uint64_t now) {
    if (mtu->probe || mtu->size == PATH_MTU_MOST) return;
    if (mtu->size == mtu->most) {
        if (now < mtu->raise_at) return;
        mtu->raising = true;
        mtu->most = PATH_MTU_MOST;
    }
    ask_about(mtu, PATH_MTU_MOST, now);
    HOLDS(path_mtu_holds(mtu));
}

uint64_t path_mtu_due(const struct path_mtu *mtu) {
    return mtu->probe ? mtu->due : NEVER;
}

static void give_up_size(struct path_mtu *mtu, uint64_t now) {
    bool largest = mtu->probe == PATH_MTU_MOST;
    mtu->most = (uint16_t)(mtu->probe - STEP);
    if (mtu->most == mtu->size || (mtu->raising && !largest))
        end_search(mtu, now);
    else
        ask_about(mtu, mtu->raising ? (uint16_t)(mtu->size + STEP) : half_way(mtu), now);
}

size_t path_mtu_ask(struct path_mtu *mtu, uint64_t heard, uint64_t token, uint64_t wait, uint64_t now) {
    bool says_something = heard > mtu->sent;
    if (mtu->tries > 0 && !says_something)
        mtu->tries--;
    else if (mtu->tries == PATH_MTU_TRIES)
        give_up_size(mtu, now);
    HOLDS(path_mtu_holds(mtu));
    if (!mtu->probe) return 0;
    if (!mtu->token) mtu->token = token;
    mtu->tries++;
    mtu->sent = now;
    mtu->due = now + wait;
    return mtu->probe;
}

bool path_mtu_answered(struct path_mtu *mtu, uint64_t token, uint64_t now) {
    if (!mtu->probe || mtu->tries == 0 || token != mtu->token) return false;
    mtu->size = mtu->probe;
    mtu->raising = false;
    if (mtu->size == mtu->most)
        end_search(mtu, now);
    else
        ask_about(mtu, half_way(mtu), now);
    HOLDS(path_mtu_holds(mtu));
    return true;
}

void path_mtu_doubt(struct path_mtu *mtu, uint64_t now) {
    if (mtu->size == PATH_MTU_BASE) return;
    mtu->most = mtu->size;
    mtu->size = PATH_MTU_BASE;
    mtu->raising = false;
    ask_about(mtu, mtu->most, now);
    HOLDS(path_mtu_holds(mtu));
}
