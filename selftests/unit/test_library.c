// SPDX-License-Identifier: GPL-2.0
/*
 * What libuvfio does without a device: descriptors passed between processes,
 * and the sentences for errors. Invariant: no descriptor is left behind by a
 * call that failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uvfio.h>

#include "unit.h"

static unsigned int open_fds(void)
{
	unsigned int count = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static const struct {
	const char *name;
	enum uvfio_call call;
	int error;
	const char *part;
} explain_rows[] = {
	{ "map over quota", UVFIO_CALL_MAP, -ENOMEM, "ulimit -l" },
	{ "sign is free", UVFIO_CALL_MAP, ENOMEM, "ulimit -l" },
	{ "map overlapping", UVFIO_CALL_MAP, -EBUSY, "overlaps" },
	{ "map in a window", UVFIO_CALL_MAP, -EINVAL, "0xfee00000" },
	{ "attach to no domain", UVFIO_CALL_ATTACH, -EINVAL, "/dev/uiommu" },
	{ "attach, no IOMMU", UVFIO_CALL_ATTACH, -ENODEV, "intel_iommu=on" },
	{ "device is gone", UVFIO_CALL_MAP, -ENODEV, "unplugged" },
	{ "unbound device", UVFIO_CALL_DEVICE_OPEN, -ENXIO, "driver_override" },
	{ "not expected there", UVFIO_CALL_RESET, -EXDEV, "Invalid cross" },
};

TABLE_TEST(explain, explain_rows)
{
	const char *text = uvfio_explain(row->call, row->error);

	ck_assert_ptr_nonnull(strstr(text, row->part));
}

static const struct {
	const char *name;
	struct uvfio_limits limits;
	__u64 highest, iova, size;
	bool reaches;
} limits_rows[] = {
	{ "no limits", {}, 0, -4096ULL, 4096, true },
	{ "64 bits", { .address_bits = 64 }, 0, -4096ULL, 4096, true },
	{ "63 bits",
	  { .address_bits = 63 },
	  ~0ULL >> 1,
	  1ULL << 63,
	  4096,
	  false },
	{ "a byte is enough",
	  { .address_bits = 32 },
	  0xffffffff,
	  0xffffffff,
	  1,
	  true },
	{ "last page of 32 bits",
	  { .address_bits = 32 },
	  0xffffffff,
	  0xfffff000,
	  4096,
	  true },
	{ "a page beyond 32 bits",
	  { .address_bits = 32 },
	  0xffffffff,
	  0xfffff000,
	  8192,
	  false },
	{ "too low", { .lowest = 8192 }, 0, 4096, 4096, false },
	{ "the lowest", { .lowest = 4096 }, 0, 4096, 4096, true },
	{ "unaligned", { .align = 8192 }, 0, 4096, 4096, false },
	{ "aligned", { .align = 8192 }, 0, 8192, 4096, true },
	{ "nothing", {}, 0, 4096, 0, false },
	{ "wraps", {}, 0, -4096ULL, 8192, false },
};

TABLE_TEST(limits, limits_rows)
{
	struct uvfio_buffer buffer = {
		.size = row->size,
		.iova = uvfio_iova(row->iova),
	};

	ck_assert_uint_eq(uvfio_highest(&row->limits), row->highest);
	ck_assert_int_eq(uvfio_reaches(&row->limits, &buffer), row->reaches);
}

static const struct {
	const char *name;
} errno_names_rows[] = {
	{ "names of numbers" },
};

TABLE_TEST(errno_names, errno_names_rows)
{
	ck_assert_str_eq(uvfio_errno_name(-EBUSY), "EBUSY");
	ck_assert_str_eq(uvfio_errno_name(EBUSY), "EBUSY");
	ck_assert_str_eq(uvfio_errno_name(-100000), "?");
}

static const struct {
	const char *name;
	unsigned int count;
	unsigned int room;
	int sent;
	int received;
} pass_rows[] = {
	{ "one", 1, 1, 0, 1 },
	{ "room to spare", 3, 9, 0, 3 },
	{ "as many as go", UVFIO_PASS_MAX, UVFIO_PASS_MAX, 0, UVFIO_PASS_MAX },
	{ "more than room", 4, 3, 0, -EMSGSIZE },
	{ "none", 0, 1, -EINVAL, 0 },
	{ "too many", UVFIO_PASS_MAX + 1, 1, -EINVAL, 0 },
};

static void fill(struct uvfio_named_fd *fds, unsigned int count, int fd)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		fds[i].fd = fd;
		snprintf(fds[i].name, sizeof(fds[i].name), "name%u", i);
	}
}

static void check_received(const struct uvfio_named_fd *fds, int count)
{
	char name[32];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		ck_assert_str_eq(fds[i].name, name);
		ck_assert_int_eq(uvfio_find_fd(fds, count, name), fds[i].fd);
		ck_assert_int_eq(fcntl(fds[i].fd, F_GETFD), FD_CLOEXEC);
		close(fds[i].fd);
	}
	if (count > 0)
		ck_assert_int_eq(uvfio_find_fd(fds, count, "x"), -ENOENT);
}

TABLE_TEST(pass, pass_rows)
{
	struct uvfio_named_fd fds[UVFIO_PASS_MAX + 1];
	unsigned int before;
	int ends[2], ret;

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	before = open_fds();
	fill(fds, row->count, ends[0]);
	ck_assert_int_eq(uvfio_send_fds(ends[0], fds, row->count), row->sent);
	if (!row->sent) {
		memset(fds, 0, sizeof(fds));
		ret = uvfio_receive_fds(ends[1], fds, row->room);
		ck_assert_int_eq(ret, row->received);
		check_received(fds, ret);
	}
	ck_assert_uint_eq(open_fds(), before);
}

static const struct {
	const char *name;
	const char *bytes;
	int received;
} bad_rows[] = {
	{ "no descriptor at all", "name", -EINVAL },
	{ "closed", "", -ENOMSG },
};

TABLE_TEST(receive_bad, bad_rows)
{
	struct uvfio_named_fd fds[2];
	int ends[2];

	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ck_assert(send(ends[0], row->bytes, strlen(row->bytes), 0) >= 0);
	close(ends[0]);
	ck_assert_int_eq(uvfio_receive_fds(ends[1], fds, 2), row->received);
}

static const struct {
	const char *name;
} names_with_a_colon_rows[] = {
	{ "a colon separates" },
};

TABLE_TEST(names_with_a_colon, names_with_a_colon_rows)
{
	struct uvfio_named_fd fd = { .fd = 0, .name = "a:b" };

	ck_assert_int_eq(uvfio_send_fds(0, &fd, 1), -EINVAL);
	ck_assert_int_eq(uvfio_bequeath_fds(&fd, 1), -EINVAL);
}

static const struct {
	const char *name;
} inherit_rows[] = {
	{ "in any order, from 3 on" },
};

TABLE_TEST(inherit, inherit_rows)
{
	struct uvfio_named_fd fds[2] = { { 4, "four" }, { 3, "three" } };
	int ends[2];

	ck_assert(!pipe(ends));
	dup2(ends[0], 3);
	dup2(ends[1], 4);
	ck_assert_int_eq(uvfio_inherited_fds(fds, 2), 0);
	ck_assert_int_eq(uvfio_bequeath_fds(fds, 2), 0);
	ck_assert_int_eq(uvfio_inherited_fds(fds, 1), -EMSGSIZE);
	ck_assert_int_eq(uvfio_inherited_fds(fds, 2), 2);
	ck_assert_int_eq(uvfio_find_fd(fds, 2, "four"), 3);
	ck_assert_int_eq(write(3, "x", 1), 1);
	setenv("LISTEN_FDNAMES", "one", 1);
	ck_assert_int_eq(uvfio_inherited_fds(fds, 2), -EINVAL);
	setenv("LISTEN_PID", "1", 1);
	ck_assert_int_eq(uvfio_inherited_fds(fds, 2), 0);
}

static const struct {
	const char *name;
	const char *bdf;
	int ret;
} address_rows[] = {
	{ "empty", "", -EINVAL },
	{ "a path", "../../../tmp", -EINVAL },
	{ "the directory", ".", -EINVAL },
	{ "too long", "0000000000000000000000000000000000:00:00.0", -EINVAL },
	{ "not there", "ffff:ff:1f.7", -ENOENT },
};

TABLE_TEST(address, address_rows)
{
	ck_assert_int_eq(uvfio_device_find(row->bdf), row->ret);
	ck_assert_int_eq(uvfio_device_open(row->bdf), row->ret);
}

SUITE(library)
{
	ADD_TABLE(tc, explain, explain_rows);
	ADD_TABLE(tc, limits, limits_rows);
	ADD_TABLE(tc, errno_names, errno_names_rows);
	ADD_TABLE(tc, pass, pass_rows);
	ADD_TABLE(tc, receive_bad, bad_rows);
	ADD_TABLE(tc, names_with_a_colon, names_with_a_colon_rows);
	ADD_TABLE(tc, inherit, inherit_rows);
	ADD_TABLE(tc, address, address_rows);
}
