// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes that outlive their device, as copies of them in containers do.
 * Invariant: an old node opens no other device, nor the same one bound again;
 * the number in the name is the lowest that is free all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/device.h"
#include "../lib/text.h"

#define COPY "/tmp/copy"
#define MODULE "/modules/uvfio.ko"
#define UNSAFE "/sys/module/uvfio/parameters/allow_unsafe_intrs"
#define REBINDINGS 50

FIXTURE(node)
{
	const char *bdf, *other;
	char name[64];
};

/* The device's node, and what mknod of it makes elsewhere */
static int copy_node(const char *bdf, char *name, size_t size)
{
	struct stat st;
	int err = device_node(bdf, name, size);

	if (err)
		return err;
	if (stat(name, &st))
		return -errno;
	unlink(COPY);
	return mknod(COPY, S_IFCHR | 0600, st.st_rdev) ? -errno : 0;
}

static int open_copy(void)
{
	int fd = open(COPY, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

FIXTURE_SETUP(node)
{
	self->bdf = device_bdf("EDU0");
	self->other = device_bdf("EDU1");
	if (!self->bdf || !self->other)
		SKIP(return, "EDU0 or EDU1 is not set");
	ASSERT_EQ(0, device_bind(self->bdf, NULL));
	ASSERT_EQ(0, device_bind(self->other, NULL));
	ASSERT_EQ(0, device_bind(self->bdf, "vfio"));
	ASSERT_EQ(0, copy_node(self->bdf, self->name, sizeof(self->name)));
	ASSERT_EQ(0, open_copy());
}

FIXTURE_TEARDOWN(node)
{
	unlink(COPY);
	device_bind(self->bdf, "vfio");
	device_bind(self->other, "vfio");
}

static int has_name(const char *bdf, const char *name)
{
	char now[64];

	return !device_node(bdf, now, sizeof(now)) && !strcmp(now, name);
}

TEST_F(node, does_not_open_its_device_bound_again)
{
	ASSERT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_EQ(-ENXIO, open_copy());
	ASSERT_EQ(0, device_bind(self->bdf, "vfio"));
	EXPECT_EQ(1, has_name(self->bdf, self->name));
	EXPECT_EQ(-ENXIO, open_copy());
}

TEST_F(node, does_not_open_the_next_device)
{
	ASSERT_EQ(0, device_bind(self->bdf, NULL));
	ASSERT_EQ(0, device_bind(self->other, "vfio"));
	EXPECT_EQ(1, has_name(self->other, self->name));
	EXPECT_EQ(-ENXIO, open_copy());
}

TEST_F(node, does_not_open_what_comes_much_later)
{
	char name[64];
	int i;

	for (i = 0; i < REBINDINGS; i++) {
		ASSERT_EQ(0, device_bind(self->bdf, NULL));
		ASSERT_EQ(0, device_bind(self->bdf, "vfio"));
		ASSERT_EQ(-ENXIO, open_copy());
	}
	EXPECT_EQ(1, has_name(self->bdf, self->name));
	EXPECT_EQ(0, copy_node(self->bdf, name, sizeof(name)));
	EXPECT_EQ(0, open_copy());
}

/* As the first process does it; bound devices come back by driver_override */
static int reload(void)
{
	char unsafe[8], text[64];
	int fd, err;

	if (text_read(UNSAFE, unsafe, sizeof(unsafe)) < 0)
		return -EIO;
	snprintf(text, sizeof(text), "allow_unsafe_intrs=%s", unsafe);
	if (syscall(SYS_delete_module, "uvfio", O_NONBLOCK))
		return -errno;
	fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, text, 0) ? -errno : 0;
	close(fd);
	return err;
}

TEST_F(node, does_not_open_what_another_load_of_the_module_binds)
{
	char name[64];
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, reload());
		ASSERT_EQ(0, device_bind(self->other, "vfio"));
		ASSERT_EQ(0, device_bind(self->bdf, "vfio"));
		EXPECT_NE(0, open_copy())
		TH_LOG("a node of load %d is as good as new", i);
		ASSERT_EQ(0, copy_node(self->bdf, name, sizeof(name)));
		ASSERT_EQ(0, open_copy());
	}
}

TEST_HARNESS_MAIN
