/* Names looked up in the background. Only ones that no name server is asked about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>

#include "client/events.h"
#include "client/threads/resolver.h"
#include "common/sanitizers.h"
#include "common/why.h"

#define WAIT_MS 20000

/* What the helper process does. */
static size_t plain(void *context, const char *text, uint16_t default_port, int family, struct address *out,
                    size_t capacity, struct why *why) {
    (void)context;
    return address_resolve(text, default_port, family, out, capacity, why);
}

static struct input *answer(struct queue *answers) {
    struct queue_node *node;
    while (!(node = queue_pop(answers))) {
        struct pollfd wanted = {.fd = queue_event(answers), .events = POLLIN};

        if (queue_settle(answers)) assert_int_equal(poll(&wanted, 1, WAIT_MS), 1);
    }
    return (struct input *)node;
}

static void the_answer_says_whose_it_is(void **state) {
    struct queue answers;
    struct resolver *resolver;
    struct address expected, first;
    struct input *input;
    (void)state;
    assert_int_equal(queue_init(&answers, 0), 0);
    resolver = resolver_create(&answers, plain, NULL);
    assert_non_null(resolver);
    for (unsigned i = 0; i < 2; i++) { /* the second time as well: it is not busy any more */
        resolver_look_up(resolver, 3, "[2001:db8::1]:7");
        input = answer(&answers);
        assert_int_equal(input->type, INPUT_RESOLVED);
        assert_int_equal(input->bootnode, 3);
        assert_int_equal(input->address_count, 1);
        first = input->addresses[0];
        assert_true(address_parse("[2001:db8::1]:7", 0, &expected));
        assert_true(address_equal(&first, &expected));
        input_destroy(input);
    }
    resolver_destroy(resolver);
    queue_destroy(&answers);
}

static void failures_say_why(void **state) {
    struct queue answers;
    struct resolver *resolver;
    struct input *input;
    (void)state;
    assert_int_equal(queue_init(&answers, 0), 0);
    resolver = resolver_create(&answers, plain, NULL);
    resolver_look_up(resolver, 2, "no port");
    input = answer(&answers);
    assert_int_equal(input->type, INPUT_UNRESOLVED);
    assert_int_equal(input->bootnode, 2);
    assert_non_null(strstr(input->text, "HOST:PORT"));
    input_destroy(input);
    resolver_destroy(resolver);
    queue_destroy(&answers);
}

/* --- Look-ups that hang, as getaddrinfo does in a dead network --- */

static sem_t entered, freed;

static size_t hang(void *context, const char *text, uint16_t default_port, int family, struct address *out,
                   size_t capacity, struct why *why) {
    (void)context;
    if (strncmp(text, "silent", 6) == 0) {
        if (family == AF_UNSPEC) sem_post(&entered);
        while (sem_wait(&freed) != 0) continue;
    }
    return address_resolve("127.0.0.1:1", default_port, AF_UNSPEC, out, capacity, why);
}

static void one_that_hangs_holds_up_no_other(void **state) {
    struct queue answers;
    struct resolver *resolver;
    struct input *input;
    (void)state;
    assert_int_equal(sem_init(&entered, 0, 0), 0);
    assert_int_equal(sem_init(&freed, 0, 0), 0);
    assert_int_equal(queue_init(&answers, 0), 0);
    resolver = resolver_create(&answers, hang, NULL);
    for (unsigned i = 0; i < RESOLVER_AT_ONCE - 1; i++) resolver_look_up(resolver, 0, "silent:1");
    for (unsigned i = 0; i < RESOLVER_AT_ONCE - 1; i++) assert_int_equal(sem_wait(&entered), 0);
    for (unsigned bootnode = 0; bootnode < 2; bootnode++) { /* the same one, too: the network may be there now */
        resolver_look_up(resolver, bootnode, "there:1");
        input = answer(&answers);
        assert_int_equal(input->type, INPUT_RESOLVED);
        assert_int_equal(input->bootnode, bootnode);
        input_destroy(input);
    }
    while (sem_trywait(&entered) == 0) continue;
    do resolver_look_up(resolver, 0, "silent:1"); /* its threads may take a moment to be gone */
    while (sem_trywait(&entered) != 0 && sched_yield() == 0);
    resolver_look_up(resolver, 0, "there:1"); /* one too many */
    resolver_look_up(resolver, 1, "there:1");
    input = answer(&answers);
    assert_int_equal(input->bootnode, 1);
    input_destroy(input);
    resolver_destroy(resolver); /* waits for nobody */
    assert_null(queue_pop(&answers));
    queue_destroy(&answers);
    for (unsigned i = 0; i < 3 * RESOLVER_AT_ONCE; i++) sem_post(&freed);
}

/* --- A name server that does not answer for one family --- */

static sem_t asked[3]; /* by the last digit of the name: hold up the question for both families */
static const int answered[] = {AF_INET, AF_INET6, AF_UNSPEC}; /* by the same: for what it does answer, if anything */

static size_t half(void *context, const char *text, uint16_t default_port, int family, struct address *out,
                   size_t capacity, struct why *why) {
    (void)context;
    if (family == AF_UNSPEC) {
        while (sem_wait(&asked[text[4] - '0']) != 0) continue;
        why_fail(why, "nobody answered");
        return 0;
    }
    if (family == answered[text[4] - '0'])
        return address_resolve(family == AF_INET ? "192.0.2.1:1" : "[2001:db8::1]:1", default_port, family, out,
                               capacity, why);
    return 0;
}

static void the_family_that_answers_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct queue answers;
        assert_int_equal(sem_init(&asked[i], 0, 0), 0);
        assert_int_equal(queue_init(&answers, 0), 0);
        struct resolver *resolver = resolver_create(&answers, half, NULL);
        resolver_look_up(resolver, 1, i == 0 ? "half0:1" : "half1:1");
        struct input *input = answer(&answers); /* while the question for both still waits */
        assert_int_equal(input->type, INPUT_RESOLVED);
        assert_int_equal(input->bootnode, 1);
        assert_int_equal(input->address_count, 1);
        assert_int_equal(address_is_ipv4(&input->addresses[0]), answered[i] == AF_INET);
        input_destroy(input);
        resolver_destroy(resolver); /* its failure, later, goes nowhere; and it is none */
        sem_post(&asked[i]);
        queue_destroy(&answers);
    }
}

static void a_name_that_nobody_answers_for_is_told_once(void **state) {
    struct queue answers;
    (void)state;
    assert_int_equal(sem_init(&asked[2], 0, 1), 0);
    assert_int_equal(queue_init(&answers, 0), 0);
    struct resolver *resolver = resolver_create(&answers, half, NULL);
    resolver_look_up(resolver, 1, "half2:1");
    struct input *input = answer(&answers);
    assert_int_equal(input->type, INPUT_UNRESOLVED);
    assert_non_null(strstr(input->text, "nobody answered"));
    input_destroy(input);
    assert_null(queue_pop(&answers));
    resolver_destroy(resolver);
    queue_destroy(&answers);
}

/* Whoever ends does not wait for what is under way, and gets nothing of it. */
static void an_owner_may_go_at_any_time(void **state) {
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        struct queue answers;
        struct resolver *resolver;
        struct queue_node *node;

        assert_int_equal(queue_init(&answers, 0), 0);
        resolver = resolver_create(&answers, plain, NULL);
        for (unsigned j = 0; j < 4; j++) resolver_look_up(resolver, j, "127.0.0.1:1");
        resolver_destroy(resolver);
        while ((node = queue_pop(&answers))) input_destroy((struct input *)node);
        queue_destroy(&answers);
    }
    resolver_destroy(NULL);
}

static unsigned threads(void) {
    DIR *folder = opendir("/proc/self/task");
    unsigned count = 0;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

#ifdef GOCHAT_TSAN
#define OWN_THREADS 2 /* one is the sanitizer's, which looks for no leaks */
#else
#define OWN_THREADS 1
#endif

/* Nobody waits for a look-up that is not wanted any more; what it frees at its end must not count as lost. */
static int wait_for_the_last(void **state) {
    (void)state;
    while (threads() > OWN_THREADS) sched_yield();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_says_whose_it_is),
        cmocka_unit_test(failures_say_why),
        cmocka_unit_test(one_that_hangs_holds_up_no_other),
        cmocka_unit_test(the_family_that_answers_is_told),
        cmocka_unit_test(a_name_that_nobody_answers_for_is_told_once),
        cmocka_unit_test(an_owner_may_go_at_any_time),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("resolver", tests, NULL, wait_for_the_last);
}
