/* A disk that takes FSYNC_MS longer to promise something: preloaded, it waits after each fsync. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int late(int result) {
    const char *said = getenv("FSYNC_MS");
    double ms = said ? atof(said) : 0;
    struct timespec wait = {(time_t)(ms / 1000), (long)(ms * 1e6) % 1000000000L};
    if (ms > 0) nanosleep(&wait, NULL);
    return result;
}

int fsync(int file) {
    static int (*next)(int);
    if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return late(next(file));
}

int fdatasync(int file) {
    static int (*next)(int);
    if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return late(next(file));
}
