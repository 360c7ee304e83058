/* SPDX-License-Identifier: GPL-2.0 */
/* The unprivileged half of the demonstration: what its steps share */
#ifndef _SAMPLES_DRIVER_H
#define _SAMPLES_DRIVER_H

#include "edu.h"
#include "nvme.h"
#include "report.h"

/* Above 4 GiB, so that nobody takes it for an address of memory */
#define DRIVER_IOVA 0x100000000ULL

/**
 * struct driver - what the driver was given and what it has made
 * @launcher: socket to the launcher
 * @domain: descriptor of the domain
 * @device: descriptor to map through
 * @nr_devices: how many devices were passed
 * @edu: the two edu devices
 * @has_edu: were they given, and are they up?
 * @nvme_fd: descriptor of the disk
 * @nvme: the disk
 * @has_nvme: was it given?
 * @buffer: the one buffer that all devices see: NVMe queues, then data
 * @view: the same memory at another address of this process
 * @data: the data part of the buffer
 * @memlock: how much may be locked, bytes
 */
struct driver {
	int launcher;
	int domain;
	int device;
	unsigned int nr_devices;
	struct edu edu[2];
	bool has_edu;
	int nvme_fd;
	struct nvme nvme;
	bool has_nvme;
	struct uvfio_buffer buffer;
	char *view;
	struct uvfio_buffer data;
	size_t memlock;
};

/* The steps, in their order; each says whether to go on */
bool copy_between_devices(struct driver *driver);
bool read_disk(struct driver *driver);
bool unmap_behind_devices(struct driver *driver);
bool make_mistakes(struct driver *driver);
bool give_back(struct driver *driver);

#endif /* _SAMPLES_DRIVER_H */
