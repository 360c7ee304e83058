// SPDX-License-Identifier: GPL-2.0
/*
 * The privileged half of the demonstration: it opens one domain and the
 * devices, attaches them, passes all descriptors over a Unix socket to a
 * program without privilege, and afterwards looks whether everything was
 * given back.
 *
 * Invariant: the other program gets descriptors and nothing else; what it
 * says on the socket is only ever a question about the kernel's log.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmsg.h"
#include "privilege.h"
#include "proc.h"
#include "report.h"

#define MAX_DEVICES 8

/**
 * struct launch - what was asked for, and what came of it
 * @uid: who the driver runs as
 * @memlock: how much it may lock, bytes
 * @unload: unload both modules at the end?
 * @program: the driver, with its arguments
 * @bdf: PCI address of each device
 * @fds: the domain, then the devices
 * @nr_devices: how many there are
 * @kmsg: the kernel's log
 */
struct launch {
	uid_t uid;
	unsigned long memlock;
	bool unload;
	char **program;
	const char *bdf[MAX_DEVICES];
	struct uvfio_named_fd fds[MAX_DEVICES + 1];
	unsigned int nr_devices;
	int kmsg;
};

static void usage(void)
{
	fprintf(stderr,
		"launcher [--uid N] [--memlock BYTES] [--unload]\n"
		"         NAME=ADDRESS... -- PROGRAM [ARGUMENT...]\n"
		"  NAME=ADDRESS  a PCI device bound to the driver vfio, and what\n"
		"                the program calls it; an ADDRESS that begins\n"
		"                with @ names an environment variable\n"
		"example: launcher nvme=0000:01:00.0 -- build/samples/driver\n");
}

static bool add_device(struct launch *launch, char *argument)
{
	struct uvfio_named_fd *named = &launch->fds[launch->nr_devices + 1];
	char *address = strchr(argument, '=');

	if (!address || launch->nr_devices == MAX_DEVICES)
		return false;
	*address++ = '\0';
	if (*address == '@')
		address = getenv(address + 1);
	if (!address)
		return false;
	snprintf(named->name, sizeof(named->name), "%s", argument);
	launch->bdf[launch->nr_devices++] = address;
	return true;
}

static bool parse(struct launch *launch, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "uid", required_argument, NULL, 'u' },
		{ "memlock", required_argument, NULL, 'm' },
		{ "unload", no_argument, NULL, 'x' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'u')
			launch->uid = (uid_t)strtoul(optarg, NULL, 0);
		else if (option == 'm')
			launch->memlock = strtoul(optarg, NULL, 0);
		else if (option == 'x')
			launch->unload = true;
		else
			return false;
	}
	/* "--" has been taken if it came first: then there is no device */
	for (; optind < argc && strcmp(argv[optind], "--"); optind++)
		if (!add_device(launch, argv[optind]))
			return false;
	if (optind + 1 >= argc)
		return false;
	launch->program = argv + optind + 1;
	return launch->nr_devices && launch->uid;
}

static bool open_domain(struct launch *launch)
{
	int fd = uvfio_domain_open();

	if (!report_call(fd, UVFIO_CALL_DOMAIN_OPEN,
			 "launcher: opened /dev/uiommu, an empty domain"))
		return false;
	launch->fds[0].fd = fd;
	snprintf(launch->fds[0].name, sizeof(launch->fds[0].name), "domain");
	return true;
}

static bool open_and_attach(struct launch *launch, unsigned int which)
{
	struct uvfio_named_fd *device = &launch->fds[which + 1];
	char text[128];
	int fd, ret;

	snprintf(text, sizeof(text), "launcher: opened %s, PCI device %s",
		 device->name, launch->bdf[which]);
	fd = uvfio_device_open(launch->bdf[which]);
	if (!report_call(fd, UVFIO_CALL_DEVICE_OPEN, text))
		return false;
	device->fd = fd;
	snprintf(text, sizeof(text), "launcher: attached %s to the domain",
		 device->name);
	ret = uvfio_attach(fd, launch->fds[0].fd);
	return report_call(ret, UVFIO_CALL_ATTACH, text);
}

static bool open_all(struct launch *launch)
{
	unsigned int i;

	if (!open_domain(launch))
		return false;
	for (i = 0; i < launch->nr_devices; i++)
		if (!open_and_attach(launch, i))
			return false;
	launch->kmsg = kmsg_open();
	return report_check(launch->kmsg >= 0,
			    "launcher: listens to the kernel's log");
}

/* In the child. The program is started with one descriptor: the socket. */
static void run_driver(const struct launch *launch, int sock)
{
	struct uvfio_named_fd inherited = { .fd = sock, .name = "launcher" };
	int ret;

	ret = uvfio_bequeath_fds(&inherited, 1);
	if (!ret)
		ret = privilege_drop(launch->uid, launch->memlock);
	if (!ret) {
		execv(launch->program[0], launch->program);
		ret = -errno;
	}
	fprintf(stderr, "launcher: cannot start %s: %s\n", launch->program[0],
		strerror(-ret));
	_exit(127);
}

static void close_devices(struct launch *launch)
{
	unsigned int i;

	for (i = 1; i <= launch->nr_devices; i++)
		close(launch->fds[i].fd);
}

/* "fault NAME 0xIOVA": has the IOMMU reported that? */
static void answer(struct launch *launch, int sock, const char *question)
{
	char name[32], line[512], text[600] = "unseen";
	unsigned long long iova;
	unsigned int i;

	if (sscanf(question, "fault %31s %llx", name, &iova) != 2)
		return;
	for (i = 0; i < launch->nr_devices; i++)
		if (!strcmp(launch->fds[i + 1].name, name) &&
		    kmsg_find_fault(launch->kmsg, launch->bdf[i], iova, line,
				    sizeof(line)))
			snprintf(text, sizeof(text), "seen %s", line);
	send(sock, text, strlen(text), MSG_NOSIGNAL);
}

static void serve(struct launch *launch, int sock)
{
	char question[128];
	ssize_t size;

	for (;;) {
		size = recv(sock, question, sizeof(question) - 1, 0);
		if (size <= 0)
			return;
		question[size] = '\0';
		answer(launch, sock, question);
	}
}

static bool run_and_serve(struct launch *launch)
{
	int ends[2], status = 0, ret;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return report_check(false, "launcher: no socket: %m");
	child = fork();
	if (child < 0)
		return report_check(false, "launcher: no process: %m");
	if (!child)
		run_driver(launch, ends[1]);
	close(ends[1]);
	ret = uvfio_send_fds(ends[0], launch->fds, launch->nr_devices + 1);
	close_devices(launch);
	if (report_call(ret, UVFIO_CALL_PASS,
			"launcher: passed all descriptors over a Unix socket"))
		serve(launch, ends[0]);
	close(ends[0]);
	waitpid(child, &status, 0);
	return report_check(WIFEXITED(status) && !WEXITSTATUS(status),
			    "launcher: the driver verified all it did");
}

static bool unload(const char *module)
{
	int tries;

	for (tries = 0; tries < 30 && proc_has_module(module); tries++) {
		if (!syscall(SYS_delete_module, module, O_NONBLOCK))
			break;
		usleep(100000);
	}
	return report_check(!proc_has_module(module),
			    "launcher: module %s unloaded", module);
}

/* Each domain that has devices is a directory there */
static unsigned int count_domains(void)
{
	DIR *dir = opendir("/sys/class/misc/uiommu/domains");
	const struct dirent *entry;
	unsigned int count = 0;

	if (!dir)
		return ~0U;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void wait_for_domain(unsigned int before)
{
	int tries;

	for (tries = 0; tries < 30 && count_domains() >= before; tries++)
		usleep(100000);
	report_check(
		count_domains() < before,
		"launcher: the domain has gone from sysfs (%u before, %u now)",
		before, count_domains());
}

static void look_after(struct launch *launch)
{
	unsigned int domains = count_domains();
	struct uiommu_info info = { 0 };
	int ret;

	ret = uvfio_domain_info(launch->fds[0].fd, &info);

	if (report_call(ret, UVFIO_CALL_QUERY, "launcher: asked the domain"))
		report_check(
			!info.pinned && !info.nr_maps && !info.nr_devices,
			"launcher: the domain has %llu pages pinned, %llu mappings, %u devices",
			info.pinned, info.nr_maps, info.nr_devices);
	close(launch->fds[0].fd);
	wait_for_domain(domains);
	if (!launch->unload)
		return;
	unload("uvfio");
	unload("uiommu");
}

int main(int argc, char *argv[])
{
	struct launch launch = { .uid = 65534, .memlock = 12 << 20 };

	if (!parse(&launch, argc, argv)) {
		usage();
		return 2;
	}
	report_begin();
	report_step(1, "one domain, its devices, a driver without privilege");
	if (open_all(&launch) && run_and_serve(&launch))
		look_after(&launch);
	if (report_failures())
		printf("\n%u checks failed\n", report_failures());
	else
		printf("\nEvery step was verified.\n");
	return report_failures() ? 1 : 0;
}
