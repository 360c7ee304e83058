// SPDX-License-Identifier: LGPL-2.1
/*
 * Interrupts as eventfds.
 *
 * Invariant: the caller owns each eventfd; the kernel takes its own reference
 * when it is wired and drops it when it is taken away.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"
#include "uvfio.h"

/**
 * uvfio_eventfd() - make an eventfd for one interrupt
 *
 * Return: the descriptor, or a negative errno.
 */
int uvfio_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/**
 * uvfio_eventfd_wait() - wait for an interrupt and take it
 * @eventfd: made by uvfio_eventfd()
 * @timeout_ms: how long; -1 for ever
 *
 * Return: how many times it fired; -ETIMEDOUT; or another negative errno.
 */
int uvfio_eventfd_wait(int eventfd, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = eventfd, .events = POLLIN };
	__u64 count;
	int ret;

	ret = poll(&poll_fd, 1, timeout_ms);
	if (!ret)
		return -ETIMEDOUT;
	if (ret < 0 || read(eventfd, &count, sizeof(count)) < 0)
		return -errno;
	return count > 0x7fffffff ? 0x7fffffff : (int)count;
}

/**
 * uvfio_irq_intx() - wire the INTx line to an eventfd
 * @device: descriptor of the device
 * @eventfd: fires at each interrupt; -1 takes it away
 *
 * The line stays masked after each interrupt until uvfio_irq_eoi().
 *
 * Return: 0, or a negative errno.
 */
int uvfio_irq_intx(int device, int eventfd)
{
	return call(device, VFIO_EVENTFD_IRQ, &eventfd);
}

/**
 * uvfio_irq_msi() - wire one MSI to an eventfd
 * @device: descriptor of the device
 * @eventfd: fires at each interrupt; -1 takes it away
 *
 * Return: 0, or a negative errno.
 */
int uvfio_irq_msi(int device, int eventfd)
{
	return call(device, VFIO_EVENTFD_MSI, &eventfd);
}

/**
 * uvfio_irq_msix() - wire MSI-X vectors 0 to @count - 1 to eventfds
 * @device: descriptor of the device
 * @eventfds: one for each vector
 * @count: how many; 0 takes all away
 *
 * Return: 0, or a negative errno.
 */
int uvfio_irq_msix(int device, const int *eventfds, unsigned int count)
{
	int *arg, ret;

	if (count > 2048)
		return -EINVAL;
	arg = calloc(count + 1, sizeof(*arg));
	if (!arg)
		return -ENOMEM;
	arg[0] = (int)count;
	if (count)
		memcpy(arg + 1, eventfds, count * sizeof(*arg));
	ret = call(device, VFIO_EVENTFDS_MSIX, arg);
	free(arg);
	return ret;
}

/**
 * uvfio_irq_eoi() - unmask INTx after an interrupt was served
 * @device: descriptor of the device
 *
 * Return: 0, or a negative errno.
 */
int uvfio_irq_eoi(int device)
{
	return call(device, VFIO_IRQ_EOI, NULL);
}

/**
 * uvfio_irq_eoi_eventfd() - unmask INTx whenever an eventfd fires
 * @device: descriptor of the device
 * @eventfd: the eventfd; -1 takes it away
 *
 * Return: 0, or a negative errno.
 */
int uvfio_irq_eoi_eventfd(int device, int eventfd)
{
	return call(device, VFIO_IRQ_EOI_EVENTFD, &eventfd);
}
