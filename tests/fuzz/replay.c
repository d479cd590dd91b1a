/* The main of every fuzz target where there is no libFuzzer: feeds it its corpus, then FUZZ_RUNS mutations of it.
 *
 * The target runs in a child and its input lies in memory that both see, so whatever ends the child (a signal, a
 * sanitizer, ten seconds in one input), the parent still knows the input and prints it. The mutations depend on
 * FUZZ_SEED alone. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_MAX 2048
#define CORPUS_MAX 4096
#define SECONDS_AN_INPUT 10
#define DEFAULT_RUNS 200000
#define DEFAULT_SEED 0x60c4a7u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A slow target says how many mutations are enough. */
extern const unsigned long fuzz_runs __attribute__((weak));

struct input {
    size_t size;
    uint8_t data[INPUT_MAX];
};

struct progress {
    unsigned long runs;
    char source[256]; /* a file of the corpus, or "mutation" */
    struct input input;
};

struct corpus {
    size_t count;
    struct input *inputs;
};

/* SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere. */
static uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t random_below(uint64_t *state, size_t limit) {
    return limit ? (size_t)(random_next(state) % limit) : 0;
}

typedef void (*mutation)(struct input *input, const struct corpus *corpus, uint64_t *state);

static void flip_bit(struct input *input, const struct corpus *corpus, uint64_t *state) {
    (void)corpus;
    if (input->size == 0) return;
    input->data[random_below(state, input->size)] ^= (uint8_t)(1u << random_below(state, 8));
}

static void set_edge_byte(struct input *input, const struct corpus *corpus, uint64_t *state) {
    static const uint8_t edges[] = {0x00, 0x01, 0x03, 0x04, 0x7f, 0x80, 0xc0, 0xed, 0xf4, 0xfe, 0xff};
    (void)corpus;
    if (input->size == 0) return;
    input->data[random_below(state, input->size)] = edges[random_below(state, sizeof(edges))];
}

static void set_random_bytes(struct input *input, const struct corpus *corpus, uint64_t *state) {
    size_t from = random_below(state, input->size);
    size_t count = random_below(state, input->size - from + 1);
    (void)corpus;
    for (size_t i = 0; i < count; i++) input->data[from + i] = (uint8_t)random_next(state);
}

static void cut_short(struct input *input, const struct corpus *corpus, uint64_t *state) {
    (void)corpus;
    input->size = random_below(state, input->size + 1);
}

static void grow(struct input *input, const struct corpus *corpus, uint64_t *state) {
    size_t end = input->size + random_below(state, INPUT_MAX - input->size + 1);
    (void)corpus;
    while (input->size < end) input->data[input->size++] = (uint8_t)random_next(state);
}

static void remove_bytes(struct input *input, const struct corpus *corpus, uint64_t *state) {
    size_t from = random_below(state, input->size);
    size_t count = random_below(state, input->size - from + 1);
    (void)corpus;
    memmove(input->data + from, input->data + from + count, input->size - from - count);
    input->size -= count;
}

/* The head stays, the tail comes from another input. */
static void splice(struct input *input, const struct corpus *corpus, uint64_t *state) {
    const struct input *other;
    size_t from;
    if (corpus->count == 0) return;
    other = &corpus->inputs[random_below(state, corpus->count)];
    from = random_below(state, (input->size < other->size ? input->size : other->size) + 1);
    memcpy(input->data + from, other->data + from, other->size - from);
    input->size = other->size;
}

static void mutate(struct input *input, const struct corpus *corpus, uint64_t *state) {
    static const mutation mutations[] = {flip_bit,  flip_bit, set_edge_byte, set_edge_byte, set_random_bytes,
                                         cut_short, grow,     remove_bytes,  splice};
    if (corpus->count)
        *input = corpus->inputs[random_below(state, corpus->count)];
    else
        input->size = 0;
    /* One input in eight is pure noise, of any length. */
    if (corpus->count == 0 || random_below(state, 8) == 0) {
        input->size = 0;
        grow(input, corpus, state);
    }
    for (size_t count = 1 + random_below(state, 4); count > 0; count--)
        mutations[random_below(state, sizeof(mutations) / sizeof(mutations[0]))](input, corpus, state);
}

/* The target gets a block of exactly its size, so that a sanitizer sees a read past the end. */
static void feed(struct progress *progress) {
    uint8_t *copy = malloc(progress->input.size ? progress->input.size : 1);
    if (!copy) abort();
    memcpy(copy, progress->input.data, progress->input.size);
    progress->runs++;
    alarm(SECONDS_AN_INPUT);
    LLVMFuzzerTestOneInput(copy, progress->input.size);
    free(copy);
}

static bool read_input(const char *folder, const char *name, struct input *input) {
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file) return false;
    input->size = fread(input->data, 1, sizeof(input->data), file);
    fclose(file);
    return true;
}

static int visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* Reads the corpus in the order of its names and feeds it; a missing folder is an empty corpus. */
static struct corpus play_corpus(const char *folder, struct progress *progress) {
    struct corpus corpus = {0, calloc(CORPUS_MAX, sizeof(*corpus.inputs))};
    struct dirent **names = NULL;
    int found = scandir(folder, &names, visible, alphasort);
    if (!corpus.inputs) abort();
    for (int i = 0; i < found; i++) {
        struct input *input = &corpus.inputs[corpus.count];

        if (corpus.count < CORPUS_MAX && read_input(folder, names[i]->d_name, input)) {
            snprintf(progress->source, sizeof(progress->source), "%s", names[i]->d_name);
            progress->input = *input;
            feed(progress);
            corpus.count++;
        }
        free(names[i]);
    }
    free(names);
    return corpus;
}

static void play(const char *folder, unsigned long runs, uint64_t seed, struct progress *progress) {
    struct corpus corpus = play_corpus(folder, progress);
    snprintf(progress->source, sizeof(progress->source), "mutation");
    for (unsigned long i = 0; i < runs; i++) {
        mutate(&progress->input, &corpus, &seed);
        feed(progress);
    }
    free(corpus.inputs);
}

static void print_failure(const struct progress *progress, int status) {
    printf("# input %lu (%s), %zu bytes, ended it with %s %d:\n# ", progress->runs, progress->source,
           progress->input.size, WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    for (size_t i = 0; i < progress->input.size; i++) printf("%02x", progress->input.data[i]);
    putchar('\n');
}

static unsigned long number_from(const char *variable, unsigned long otherwise) {
    const char *text = getenv(variable);
    return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

/* build/tests/fuzz_stun has its corpus in tests/fuzz/corpus/stun, seen from the top folder. */
static void default_folder(const char *program, char *folder, size_t size) {
    const char *name = strrchr(program, '/') ? strrchr(program, '/') + 1 : program;
    if (strncmp(name, "fuzz_", 5) == 0) name += 5;
    snprintf(folder, size, "tests/fuzz/corpus/%s", name);
}

int main(int argc, char **argv) {
    unsigned long runs = number_from("FUZZ_RUNS", &fuzz_runs ? fuzz_runs : DEFAULT_RUNS),
                  seed = number_from("FUZZ_SEED", DEFAULT_SEED);
    struct progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char folder[1024];
    int status = 0;
    pid_t child;
    if (progress == MAP_FAILED) return 1;
    default_folder(argv[0], folder, sizeof(folder));
    if (argc > 1) snprintf(folder, sizeof(folder), "%s", argv[1]);
    printf("1..1\n# corpus %s, %lu mutations, seed %#lx\n", folder, runs, seed);
    fflush(stdout);

    child = fork();
    if (child == 0) {
        play(folder, runs, seed, progress);
        exit(0); /* not _exit: leaks are looked for now */
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) return 1;
    if (status != 0) print_failure(progress, status);
    printf("%s 1 - %s: %lu inputs\n", status ? "not ok" : "ok", folder, progress->runs);
    munmap(progress, sizeof(*progress));
    return status != 0;
}
