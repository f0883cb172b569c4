/*
 * Fault shim for tests, preloaded into the product from outside. Counts every call that changes a file or folder below one of the
 * prefixes in BELAY_FAULT_PREFIX (separated by ':'); the count lies in a file that all processes share. At call number
 * BELAY_FAULT_AT, before it is carried out: mode "kill" ends the process as kill -9 does; mode "power" first shuts the file
 * system below BELAY_FAULT_MOUNT down without flushing, as a power cut does; mode "half" writes half of a write, then kills;
 * mode "stop" suspends the process until somebody continues it, and then carries the call out.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHUTDOWN 0x8004587d
#define NOLOGFLUSH 2

static _Atomic uint64_t *counter;
static uint64_t at;
static const char *prefixes;
static const char *mode = "kill";
static int mount_fd = -1;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("BELAY_FAULT_COUNTER");
  const char *k = getenv("BELAY_FAULT_AT");
  prefixes = getenv("BELAY_FAULT_PREFIX");
  if (getenv("BELAY_FAULT_MODE") != NULL) mode = getenv("BELAY_FAULT_MODE");
  if (file == NULL || prefixes == NULL) return;
  at = k == NULL ? 0 : strtoull(k, NULL, 10);
  int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(uint64_t)) != 0) abort();
  counter = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (counter == MAP_FAILED) abort();
  close(fd);
  if (strcmp(mode, "power") == 0) {
    mount_fd = open(getenv("BELAY_FAULT_MOUNT"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mount_fd < 0) abort();
  }
}

static int below(const char *path) {
  if (counter == NULL || path == NULL) return 0;
  const char *rest = prefixes;
  while (*rest != 0) {
    const char *end = strchrnul(rest, ':');
    size_t length = (size_t)(end - rest);
    if (length > 0 && strncmp(path, rest, length) == 0) return 1;
    rest = *end == 0 ? end : end + 1;
  }
  return 0;
}

static int below_fd(int fd) {
  char link[64], path[PATH_MAX];
  if (counter == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}

/* True where this call is the one; ends the process unless the caller wants to do half of it first. */
static int due(int half_possible) {
  uint64_t mine = atomic_fetch_add(counter, 1) + 1;
  if (at == 0 || mine != at) return 0;
  if (mount_fd >= 0) {
    uint32_t how = NOLOGFLUSH;
    if (ioctl(mount_fd, SHUTDOWN, &how) != 0) abort();
  }
  if (strcmp(mode, "half") == 0 && half_possible) return 1;
  if (strcmp(mode, "stop") == 0) {
    kill(getpid(), SIGSTOP);
    return 0;
  }
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void end_now(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
  REAL(write);
  if (below_fd(fd) && due(1)) { real(fd, data, size / 2); end_now(); }
  return real(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t where) {
  REAL(pwrite);
  if (below_fd(fd) && due(1)) { real(fd, data, size / 2, where); end_now(); }
  return real(fd, data, size, where);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t where) {
  REAL(pwrite64);
  if (below_fd(fd) && due(1)) { real(fd, data, size / 2, where); end_now(); }
  return real(fd, data, size, where);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  if (below_fd(fd) && due(1)) { real(fd, parts, (count + 1) / 2); end_now(); }
  return real(fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t where) {
  REAL(pwritev);
  if (below_fd(fd) && due(1)) { real(fd, parts, (count + 1) / 2, where); end_now(); }
  return real(fd, parts, count, where);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t where) {
  REAL(pwritev64);
  if (below_fd(fd) && due(1)) { real(fd, parts, (count + 1) / 2, where); end_now(); }
  return real(fd, parts, count, where);
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
  REAL(copy_file_range);
  if (below_fd(out)) due(0);
  return real(in, from, out, to, size, flags);
}
int fsync(int fd) { REAL(fsync); if (below_fd(fd)) due(0); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); if (below_fd(fd)) due(0); return real(fd); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); if (below_fd(fd)) due(0); return real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); if (below_fd(fd)) due(0); return real(fd, size); }
int rename(const char *from, const char *to) { REAL(rename); if (below(from) || below(to)) due(0); return real(from, to); }
int link(const char *from, const char *to) { REAL(link); if (below(from) || below(to)) due(0); return real(from, to); }
int unlink(const char *path) { REAL(unlink); if (below(path)) due(0); return real(path); }
int rmdir(const char *path) { REAL(rmdir); if (below(path)) due(0); return real(path); }
int mkdir(const char *path, mode_t how) { REAL(mkdir); if (below(path)) due(0); return real(path, how); }

static mode_t mode_of(int flags, va_list rest) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0; }
int open(const char *path, int flags, ...) {
  REAL(open);
  va_list rest; va_start(rest, flags); mode_t how = mode_of(flags, rest); va_end(rest);
  if ((flags & (O_CREAT | O_TRUNC)) != 0 && below(path)) due(0);
  return real(path, flags, how);
}
int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list rest; va_start(rest, flags); mode_t how = mode_of(flags, rest); va_end(rest);
  if ((flags & (O_CREAT | O_TRUNC)) != 0 && below(path)) due(0);
  return real(path, flags, how);
}
