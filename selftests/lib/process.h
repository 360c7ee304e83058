/* SPDX-License-Identifier: GPL-2.0 */
/* Children, other users, and what they are charged. */
#ifndef SELFTESTS_PROCESS_H
#define SELFTESTS_PROCESS_H

#include <sys/types.h>

int process_run(int (*fn)(void *arg), void *arg);
int process_run_as(uid_t uid, unsigned long memlock, int (*fn)(void *arg),
		   void *arg);
pid_t process_start(int (*fn)(void *arg), void *arg, int *ready, int *go);
int process_tell(int fd);
int process_await(int fd);
void process_become_sleeper(int ready, int go);
int process_wait(pid_t pid);
int process_become(uid_t uid, unsigned long memlock);

long process_vmpin(pid_t pid);
int process_vmpin_becomes(pid_t pid, long pages);
int process_quota(uid_t uid, unsigned int limit);
int process_quota_becomes(uid_t uid, unsigned int limit, int room);

int process_send_fds(int sock, const int *fds, unsigned int n);
int process_receive_fds(int sock, int *fds, unsigned int n);
void process_nap(unsigned int ms);
long process_ms(void);
unsigned int process_slowness(void);

#endif
