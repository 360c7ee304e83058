// SPDX-License-Identifier: GPL-2.0
/*
 * A control group that allows some devices only, as containers and services
 * have it (DeviceAllow=, --device). Invariant: it decides who opens which node,
 * and nothing else; a descriptor that is passed in works as anywhere.
 *
 * The program that decides is of the kind that systemd and runc load, written
 * by hand.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define GROUP "/sys/fs/cgroup/selftest-devices"
#define UIOMMU "/dev/uiommu"
#define IOVA 0x30000000ULL

#define READ BPF_DEVCG_ACC_READ
#define WRITE BPF_DEVCG_ACC_WRITE
#define MKNOD BPF_DEVCG_ACC_MKNOD

/* A device, and what a rule allows: "c MAJOR:MINOR rwm" */
struct rule {
	dev_t dev;
	int access;
};

/* Instructions of a rule: which jump to the next one if it does not apply */
#define RULE_SIZE 7

#define INSN(opcode, dst, src, offset, value)         \
	((struct bpf_insn){ .code = (opcode),         \
			    .dst_reg = BPF_REG_##dst, \
			    .src_reg = BPF_REG_##src, \
			    .off = (offset),          \
			    .imm = (value) })

static struct bpf_insn *put_load(struct bpf_insn *at)
{
	/* 2: access wanted, 3: major, 4: minor */
	*at++ = INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0);
	*at++ = INSN(BPF_ALU | BPF_RSH | BPF_K, 2, 0, 0, 16);
	*at++ = INSN(BPF_LDX | BPF_MEM | BPF_W, 3, 1, 4, 0);
	*at++ = INSN(BPF_LDX | BPF_MEM | BPF_W, 4, 1, 8, 0);
	return at;
}

static struct bpf_insn *put_rule(struct bpf_insn *at, const struct rule *rule)
{
	*at++ = INSN(BPF_JMP | BPF_JNE | BPF_K, 3, 0, 6, major(rule->dev));
	*at++ = INSN(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 5, minor(rule->dev));
	*at++ = INSN(BPF_ALU64 | BPF_MOV | BPF_X, 5, 2, 0, 0);
	*at++ = INSN(BPF_ALU64 | BPF_AND | BPF_K, 5, 0, 0, ~rule->access);
	*at++ = INSN(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 2, 0);
	*at++ = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	*at++ = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return at;
}

static int load(const struct rule *rules, int nr)
{
	struct bpf_insn program[4 + 2 * RULE_SIZE + 2], *at;
	char log[4096] = "";
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (unsigned long)program,
		.license = (unsigned long)"GPL",
		.log_buf = (unsigned long)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int i, fd;

	at = put_load(program);
	for (i = 0; i < nr; i++)
		at = put_rule(at, rules + i);
	*at++ = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	*at++ = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	attr.insn_cnt = at - program;
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		printf("# %s\n", log);
	return fd < 0 ? -errno : fd;
}

/* Make the group allow this and nothing else. */
static int allow(const struct rule *rules, int nr)
{
	union bpf_attr attr = { .attach_type = BPF_CGROUP_DEVICE };
	int group = open(GROUP, O_RDONLY | O_DIRECTORY);
	int program = load(rules, nr), err = 0;

	if (group < 0 || program < 0)
		return -EIO;
	attr.target_fd = group;
	attr.attach_bpf_fd = program;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)))
		err = -errno;
	close(group);
	close(program);
	return err;
}

static dev_t dev_of(const char *node)
{
	struct stat st;

	return stat(node, &st) ? 0 : st.st_rdev;
}

FIXTURE(cgroup)
{
	char node[64];
	dev_t uiommu;
	dev_t device;
	int domain;
	struct edu edu;
};

FIXTURE_SETUP(cgroup)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	rmdir(GROUP);
	ASSERT_EQ(0, mkdir(GROUP, 0755));
	ASSERT_EQ(0, device_node(device_bdf("EDU0"), self->node,
				 sizeof(self->node)));
	self->uiommu = dev_of(UIOMMU);
	self->device = dev_of(self->node);
	ASSERT_NE(0, self->uiommu);
	ASSERT_NE(0, self->device);
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
}

FIXTURE_TEARDOWN(cgroup)
{
	edu_close(&self->edu);
	close(self->domain);
	rmdir(GROUP);
}

static int open_as(const char *node, int flags)
{
	int fd = open(node, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* What a child in the group is to try */
struct trial {
	const char *node;
	int flags;
	dev_t mknod;
};

static int try(void *arg)
{
	struct trial *t = arg;

	if (text_write(GROUP "/cgroup.procs", "0"))
		return EIO;
	if (!t->mknod)
		return open_as(t->node, t->flags);
	return mknod("/tmp/node-of-a-group", S_IFCHR | 0600, t->mknod) ? errno :
									 0;
}

static int opens(const char *node, int flags)
{
	struct trial t = { .node = node, .flags = flags };

	return process_run(try, &t);
}

static int makes(dev_t dev)
{
	struct trial t = { .mknod = dev };

	unlink("/tmp/node-of-a-group");
	return process_run(try, &t);
}

TEST_F(cgroup, nothing_is_allowed)
{
	ASSERT_EQ(0, allow(NULL, 0));
	EXPECT_EQ(EPERM, opens(UIOMMU, O_RDWR));
	EXPECT_EQ(EPERM, opens(UIOMMU, O_RDONLY));
	EXPECT_EQ(EPERM, opens(self->node, O_RDWR));
	EXPECT_EQ(EPERM, makes(self->device));
}

TEST_F(cgroup, both_nodes_are_allowed)
{
	const struct rule rules[] = {
		{ self->uiommu, READ | WRITE },
		{ self->device, READ | WRITE },
	};

	ASSERT_EQ(0, allow(rules, 2));
	EXPECT_EQ(0, opens(UIOMMU, O_RDWR));
	EXPECT_EQ(0, opens(self->node, O_RDWR));
	/* another device of the same major number */
	if (device_bdf("EDU1")) {
		char other[64];

		ASSERT_EQ(0, device_node(device_bdf("EDU1"), other,
					 sizeof(other)));
		EXPECT_EQ(major(self->device), major(dev_of(other)));
		EXPECT_EQ(EPERM, opens(other, O_RDWR));
	}
	/* who may open a node may not make one */
	EXPECT_EQ(EPERM, makes(self->device));
}

/* The domain alone: for a program whose device is passed to it */
TEST_F(cgroup, reading_is_enough_for_the_domain)
{
	const struct rule rule = { self->uiommu, READ };

	ASSERT_EQ(0, allow(&rule, 1));
	EXPECT_EQ(0, opens(UIOMMU, O_RDONLY));
	EXPECT_EQ(EPERM, opens(UIOMMU, O_RDWR));
	EXPECT_EQ(EPERM, opens(self->node, O_RDWR));
	EXPECT_EQ(EPERM, opens(self->node, O_RDONLY));
}

TEST_F(cgroup, a_node_is_made_where_that_is_allowed)
{
	const struct rule rule = { self->device, MKNOD };

	ASSERT_EQ(0, allow(&rule, 1));
	EXPECT_EQ(0, makes(self->device));
	EXPECT_EQ(EPERM, opens("/tmp/node-of-a-group", O_RDWR));
	unlink("/tmp/node-of-a-group");
}

/* Returns 0, or which step did not work */
static int use_passed(void *arg)
{
	FIXTURE_DATA(cgroup) *self = arg;
	__u8 *buf = memory_anon(PAGE);
	char again[64];
	void *regs;

	if (text_write(GROUP "/cgroup.procs", "0"))
		return 1;
	if (domain_map(self->domain, buf, IOVA, PAGE, true))
		return 2;
	if (edu_arrives(&self->edu, IOVA, buf) != 1)
		return 3;
	if (domain_unmap(self->domain, IOVA, PAGE))
		return 4;
	regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    self->edu.fd, REGION(0, 0));
	if (regs == MAP_FAILED)
		return 5;
	if (device_irq_enable(self->edu.fd, UVFIO_IRQ_MSI, 1))
		return 6;
	/* that would be another open */
	snprintf(again, sizeof(again), "/proc/self/fd/%d", self->edu.fd);
	return open_as(again, O_RDWR) == -EPERM ? 0 : 7;
}

TEST_F(cgroup, a_passed_descriptor_works_where_nothing_is_allowed)
{
	ASSERT_EQ(0, allow(NULL, 0));
	EXPECT_EQ(0, process_run(use_passed, self));
}

struct holder {
	int ends[2]; /* to tell, to await: see process_start() */
	const char *node;
	const char *bdf;
};

/* Opens by itself; then the rules change */
static int hold_and_use(void *arg)
{
	struct holder *h = arg;
	__u8 *buf = memory_anon(PAGE);
	int domain, fd;

	if (text_write(GROUP "/cgroup.procs", "0"))
		return 1;
	domain = domain_open();
	fd = open(h->node, O_RDWR);
	if (domain < 0 || fd < 0)
		return 2;
	process_tell(h->ends[0]);
	process_await(h->ends[1]);
	if (open_as(h->node, O_RDWR) != -EPERM)
		return 3;
	if (device_set(fd, domain))
		return 4;
	return device_map(fd, buf, IOVA, PAGE, 1) ? 5 : 0;
}

TEST_F(cgroup, what_is_open_outlives_a_change_of_the_rules)
{
	const struct rule rules[] = {
		{ self->uiommu, READ | WRITE },
		{ self->device, READ | WRITE },
	};
	struct holder h = { .node = self->node };
	int ready, go;
	pid_t pid;

	ASSERT_EQ(0, edu_detach(&self->edu));
	ASSERT_EQ(0, allow(rules, 2));
	pid = process_start(hold_and_use, &h, &ready, &go);
	ASSERT_EQ(0, process_await(ready));
	ASSERT_EQ(0, allow(NULL, 0));
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
}

TEST_HARNESS_MAIN
