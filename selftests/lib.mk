# SPDX-License-Identifier: GPL-2.0
# How a collection of test programs is built. A collection's Makefile sets
#   TEST_GEN_PROGS     one program for each <name>.c
#   TEST_GEN_PROGS_32  those of them that are built for 32 bits too, as <name>32
#   COMMON             sources that every program of it takes in
#   LIBS               uvfio: the library of lib/ is compiled in
# and includes this file.

TOP := $(abspath ../..)
NAME := $(notdir $(CURDIR))
OUT := $(TOP)/build/tests/$(NAME)
LIBSRC := $(if $(filter uvfio,$(LIBS)),$(wildcard $(TOP)/lib/*.c))
DEPS := $(COMMON) $(LIBSRC) $(wildcard *.h ../lib/*.h $(TOP)/lib/*.h) \
	$(wildcard $(TOP)/include/uapi/linux/*.h) \
	$(wildcard $(TOP)/build/kselftest/*.h) Makefile ../lib.mk

CFLAGS ?= -O2 -g
FLAGS := -D_GNU_SOURCE -I$(TOP)/include/uapi -I$(TOP)/lib \
	-I$(TOP)/build/kselftest -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare \
	-static -pthread
PROGS := $(addprefix $(OUT)/,$(TEST_GEN_PROGS))
PROGS_32 := $(patsubst %,$(OUT)/%32,$(TEST_GEN_PROGS_32))

.PHONY: all run_tests

all: $(PROGS) $(PROGS_32)
	@cd $(OUT) && for old in *; do case " $(TEST_GEN_PROGS) \
	$(addsuffix 32,$(TEST_GEN_PROGS_32)) " in *" $$old "*) ;; \
	*) rm -f "$$old" ;; esac; done

$(PROGS): $(OUT)/%: %.c $(DEPS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) -o $@ $< $(COMMON) $(LIBSRC)

$(PROGS_32): $(OUT)/%32: %.c $(DEPS)
	@mkdir -p $(@D)
	@$(TOP)/scripts/need gcc-multilib
	$(CC) -m32 $(CFLAGS) $(FLAGS) -o $@ $< $(COMMON) $(LIBSRC)

run_tests: all
	@fail=0; for name in $(notdir $(PROGS) $(PROGS_32)); do \
		echo "# $(NAME)/$$name"; \
		(cd $(OUT) && ./$$name) || fail=1; \
	done; exit $$fail
