/* SPDX-License-Identifier: GPL-2.0 */
/* Raw calls of /dev/vfio<N>; each returns 0 or a negative errno. */
#ifndef SELFTESTS_DEVICE_H
#define SELFTESTS_DEVICE_H

#include <stddef.h>
#include <linux/types.h>
#include <linux/uvfio.h>

#define REGION(nr, at) (((__u64)(nr) << VFIO_PCI_SPACE_SHIFT) + (at))
#define CONFIG(at) REGION(VFIO_PCI_CONFIG_RESOURCE, at)

#define COMMAND 0x04
#define COMMAND_MEMORY 0x0002
#define COMMAND_MASTER 0x0004
#define COMMAND_NOINTX 0x0400

const char *device_bdf(const char *env);
int device_node(const char *bdf, char *path, size_t size);
__u64 device_bar(const char *bdf, unsigned int bar);
int device_line(const char *bdf);
long device_line_unhandled(const char *bdf);
int device_bind(const char *bdf, const char *driver);
int device_driver(const char *bdf, char *name, size_t size);
int device_open_bdf(const char *bdf);
int device_open(const char *env);
int device_set(int fd, int domain);
int device_map(int fd, const void *vaddr, __u64 iova, __u64 size, __u64 flags);
int device_unmap(int fd, __u64 iova, __u64 size);
int device_read(int fd, __u64 offset, void *buf, size_t size);
int device_write(int fd, __u64 offset, const void *buf, size_t size);
int device_command(int fd);
int device_command_write(int fd, __u16 command);
int device_command_real(const char *bdf);
int device_capability(int fd, __u8 id);
__u32 device_config_get(int fd, int at, int size);
int device_config_put(int fd, int at, int size, __u32 value);
int device_irq_set(int fd, __u32 kind, __u32 flags, __u32 first, __u32 count,
		   const int *fds);
int device_irq_enable(int fd, __u32 kind, __u32 count);
struct uvfio_irq_info device_irq_info(int fd, __u32 kind);

#endif
