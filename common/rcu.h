/* The one door to liburcu: the QSBR flavour, and how objects are published and reclaimed.
 *
 * Invariant: a reader that loaded a pointer with rcu_load between two of its quiescent states may use the object until
 * the next; an object leaves reach first (unpublished under its owner's lock), then goes through rcu_reclaim, and only
 * the thread whose removal succeeded calls that.
 *
 * liburcu 0.13 orders memory with inline assembly, which the thread sanitizer does not see; publishing uses C11
 * atomics, and reclaiming carries the annotation here, so no other file needs one. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <urcu-qsbr.h>
#include <urcu/rculfhash.h>

#include "common/sanitizers.h"

/* Publishes an initialised object. `slot` is an _Atomic pointer. */
#define rcu_publish(slot, pointer) atomic_store_explicit((slot), (pointer), memory_order_release)
/* Consume is promoted to acquire by every compiler; on x86 both are plain loads. */
#define rcu_load(slot) atomic_load_explicit((slot), memory_order_acquire)

/* A reader's life, always through these (thread_start registers). Online after registering; while online it must pass a
 * quiescent state now and then, and be offline where it blocks. It holds no RCU-protected pointer across either. */
void rcu_reader_register(void);
void rcu_reader_unregister(void);
void rcu_reader_quiescent(void);
void rcu_reader_offline(void);
void rcu_reader_online(void);
/* Of the calling thread; false where it is none. For what may block, and is called by both kinds. */
bool rcu_reader_is_online(void);

/* Starts liburcu's call_rcu thread, with the caller's priority and processors. Else the first rcu_reclaim does, whoever
 * calls it. */
void rcu_start_reclaimer(void);
/* Runs `reclaim(head)` after every reader passed a quiescent state, on liburcu's call_rcu thread. The caller is a
 * registered reader, online. */
void rcu_reclaim(struct rcu_head *head, void (*reclaim)(struct rcu_head *head));
/* Waits until every reclaim queued so far has run. The caller must hold no lock that a reclaim takes. */
void rcu_drain(void);

/* For objects that liburcu hands from thread to thread (hash table nodes, queue nodes): what the giver wrote before
 * rcu_handing_over happens before what the taker does after rcu_taken_over. No code outside the thread sanitizer. */
#ifdef GOCHAT_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define rcu_handing_over(object) __tsan_release((void *)(object))
#define rcu_taken_over(object) __tsan_acquire((void *)(object))
#else
#define rcu_handing_over(object) ((void)(object))
#define rcu_taken_over(object) ((void)(object))
#endif
