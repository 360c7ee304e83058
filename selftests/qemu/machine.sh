# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The machine's hardware: QEMU's arguments in the array `hardware`, and the
# names that programs know the devices by, printed by machine_names.
# Sourced by run.

EDU=edu,dma_mask=0xffffffffffffffff

# The IOMMU that the machine has: its type and more of its properties.
iommu_device() {
	case $1 in
	intel) echo "intel-iommu,intremap=on,${2:-aw-bits=48,snoop-control=on}" ;;
	amd) echo "amd-iommu,intremap=on${2:+,$2}" ;;
	virtio) echo "virtio-iommu-pci,addr=03.0${2:+,$2}" ;;
	*) die "what IOMMU is $1?" ;;
	esac
}

# $1: the IOMMU's device, $2: disk image, $3: directory of sockets, and of the
# file rom, that is no ROM
describe_hardware() {
	local iommu=$1 disk=$2 sockets=$3

	hardware=(
		-machine q35,kernel-irqchip=split
		-nodefaults -display none -no-reboot
		-device "$iommu"
		-device "$EDU,id=edu0,addr=04.0"
		-device "$EDU,id=edu1,addr=05.0"
		-device "$EDU,id=edu2,addr=06.0"
		-drive "file=$disk,if=none,id=disk,format=raw"
		-device nvme,id=nvme,addr=07.0,serial=uiommu0,drive=disk
		-device pci-testdev,id=testdev,addr=08.0
		-device pcie-pci-bridge,id=bridge,addr=0a.0
		-device "$EDU,id=edu_br0,bus=bridge,addr=01.0"
		-device "$EDU,id=edu_br1,bus=bridge,addr=02.0"
		-object memory-backend-ram,id=shared,size=64M,share=on
		-device ivshmem-plain,id=ivshmem,addr=0b.0,memdev=shared
		-object memory-backend-ram,id=big,size=8G,share=on,reserve=off
		-device ivshmem-plain,id=ivshmem_big,addr=0c.0,memdev=big
		-chardev "socket,id=doorbell,path=$sockets/doorbell"
		-device ivshmem-doorbell,id=doorbell,addr=0d.0,vectors=8,chardev=doorbell
		-device "nec-usb-xhci,id=xhci,addr=09.0,msi=on,msix=off,romfile=$sockets/rom"
		-device edu,dma_mask=0xffffffff,id=edu32,addr=15.0
		-device pcie-root-port,id=slot1,addr=1b.0,chassis=1,slot=1
		-device nvme-subsys,id=subsys
		-device nvme,id=nvme_pf,bus=slot1,serial=uiommu1,subsys=subsys,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=7
		-device pcie-root-port,id=slot2,addr=1c.0,chassis=2,slot=2
		-netdev hubport,id=net,hubid=0
		-device e1000e,id=e1000e,bus=slot2,netdev=net
		-device pcie-root-port,id=slot0,addr=1d.0,chassis=3,slot=3
		-device pcie-root-port,id=slot3,addr=13.0,chassis=4,slot=4
		-device virtio-rng-pci,id=multi0,bus=slot3,addr=00.0,multifunction=on,aer=on,disable-legacy=on
		-device e1000e,id=multi1,bus=slot3,addr=00.1
		-device pcie-root-port,id=pair,addr=0e.0,chassis=14,slot=14
		-device e1000,id=pair0,bus=pair,addr=00.0,multifunction=on,romfile=
		-device e1000,id=pair1,bus=pair,addr=00.1,romfile=
		-device pcie-pci-bridge,id=trunk,addr=0f.0
		-device e1000,id=tree0,bus=trunk,addr=01.0,romfile=
		-device pci-bridge,id=branch,bus=trunk,addr=02.0,chassis_nr=15,shpc=off
		-device "$EDU,id=tree1,bus=branch,addr=01.0"
	)
}

# Half of the processors and of the memory on each of two nodes; one processor
# has one node. $1: nodes wanted, $2: processors, $3: memory
describe_nodes() {
	local nodes=$1 smp=$2 size half

	[ "$nodes" = 2 ] && [ "$smp" -gt 1 ] || return 0
	size=$(($(numfmt --from=iec "$3") / 2))
	half=$((smp / 2))
	hardware+=(
		-machine smp.sockets=2
		-object "memory-backend-ram,id=node0,size=$size"
		-object "memory-backend-ram,id=node1,size=$size"
		-numa "node,nodeid=0,memdev=node0,cpus=0-$((half - 1))"
		-numa "node,nodeid=1,memdev=node1,cpus=$half-$((smp - 1))"
	)
}

machine_names() {
	cat <<-EOT
	EDU0=0000:00:04.0
	EDU1=0000:00:05.0
	EDU2=0000:00:06.0
	EDU32=0000:00:15.0
	NVME=0000:00:07.0
	TESTDEV=0000:00:08.0
	EDU_BR0=0000:00:0a.0>01.0
	EDU_BR1=0000:00:0a.0>02.0
	IVSHMEM=0000:00:0b.0
	IVSHMEM_BIG=0000:00:0c.0
	DOORBELL=0000:00:0d.0
	XHCI=0000:00:09.0
	NVME_PF=0000:00:1b.0>00.0
	E1000E=0000:00:1c.0>00.0
	SLOT0=0000:00:1d.0
	SLOT0_DEV=0000:00:1d.0>00.0
	MULTI0=0000:00:13.0>00.0
	MULTI1=0000:00:13.0>00.1
	AHCI=0000:00:1f.2
	PAIR0=0000:00:0e.0>00.0
	PAIR1=0000:00:0e.0>00.1
	TREE0=0000:00:0f.0>01.0
	TREE1=0000:00:0f.0>02.0>01.0
	EOT
}
