# SPDX-License-Identifier: GPL-2.0
# Top of the project: each target is one command; scripts do the work.

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNELS ?= 6.1 6.12
KERNEL ?= 6.12
MODULE_TOOLS := gcc make

.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help modules modules_install vm check check-unit check-mutants check-vm
.PHONY: demo lint
.PHONY: bench check-debug clean docs format package

help:
	@echo 'make demo           the whole path shown in a virtual machine'
	@echo 'make check          unit tests, then selftests on both kernels'
	@echo 'make check-unit     unit tests and their coverage alone'
	@echo 'make check-mutants  do the unit tests notice small changes of the rules?'
	@echo 'make check-vm       selftests in virtual machines [KERNELS="6.1 6.12"],'
	@echo '                    or one program [T=vfio/intx] [K=6.12|debug-6.12]'
	@echo 'make check-debug    selftests on kernels built with KASAN, lockdep'
	@echo '                    and fault injection [KERNELS=6.12] [PLAN=short]'
	@echo 'make vm             a shell in the machine [KERNEL=6.1|6.12]'
	@echo 'make modules        uiommu/uiommu.ko, vfio/uvfio.ko [KDIR=headers]'
	@echo 'make bench          the table of costs, beside type1 and iommufd'
	@echo 'make lint           every check of the sources'
	@echo 'make format         apply .clang-format to all C files'
	@echo 'make docs           build/docs/index.html from Documentation and headers'
	@echo 'make package        Debian packages in build/package: DKMS, headers, tool'
	@echo 'make clean          remove what was built in the tree'
	@echo
	@echo 'Everything but modules and clean works on a fresh Debian 12 as root:'
	@echo 'what is missing is installed, kernels are kept in a cache and never'
	@echo 'installed.'

modules:
	@scripts/need $(MODULE_TOOLS)
	@test -f $(KDIR)/Makefile || { \
		echo 'no kernel headers in $(KDIR): install linux-headers or set KDIR=' >&2; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

vm:
	@selftests/qemu/run --kernel $(KERNEL) --shell

check:
	@scripts/check unit $(KERNELS)

check-unit:
	@scripts/check unit

check-mutants:
	@$(MAKE) -C selftests/unit mutants

check-vm:
	@T='$(T)' scripts/check $(or $(K),$(KERNELS))

check-debug:
	@PLAN=$(PLAN) scripts/check $(addprefix debug-,$(KERNELS))

demo:
	@samples/run-demo

lint:
	@scripts/lint

format:
	@scripts/format

docs:
	@scripts/docs

package:
	@scripts/package

bench:
	@selftests/bench/run

clean:
	rm -rf build
	find uiommu vfio selftests samples lib -type f '(' -name '*.o' -o \
		-name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' -o \
		-name '.*.d' ')' -delete 2>/dev/null || true
	rm -f .module-common.o ..module-common.o.cmd modules.order Module.symvers .modules.order.cmd .Module.symvers.cmd \
		*/modules.order */.modules.order.cmd
