# SPDX-License-Identifier: GPL-2.0
# How a collection of test programs is built. A collection's Makefile sets
#   TEST_GEN_PROGS     one program for each <name>.c
#   TEST_GEN_PROGS_32  those of them that are built for 32 bits too, as <name>32
#   COMMON             sources that every program of it takes in
#   <name>_MORE        more sources of <name>
#   LIBS               uvfio: the library of lib/ is compiled in
#   NETLINK            those that use ../lib/genl.c: it is taken in, with libnl
# and includes this file.

TOP := $(abspath ../..)
NAME := $(notdir $(CURDIR))
OUT := $(TOP)/build/tests/$(NAME)
OBJ := $(TOP)/build/obj/$(NAME)
SHARED := $(filter-out ../lib/genl.c,$(COMMON)) \
	$(if $(filter uvfio,$(LIBS)),$(wildcard $(TOP)/lib/*.c))
HEADERS := $(wildcard *.h ../lib/*.h $(TOP)/lib/*.h \
	$(TOP)/include/uapi/linux/*.h $(TOP)/build/kselftest/*.h) Makefile ../lib.mk

CFLAGS ?= -O2 -g
FLAGS := -D_GNU_SOURCE -I$(TOP)/include/uapi -I$(TOP)/lib \
	-I$(TOP)/build/kselftest -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare \
	-static -pthread
NL_FLAGS := -I/usr/include/libnl3
# It could look up names of hosts, which the linker warns of: nobody does
NL_LIBS := -lnl-genl-3 -lnl-3 -Wl,--no-warnings
$(foreach name,$(NETLINK),$(eval $(name)_MORE += ../lib/genl.c))
PROGS := $(addprefix $(OUT)/,$(TEST_GEN_PROGS))
PROGS_32 := $(patsubst %,$(OUT)/%32,$(TEST_GEN_PROGS_32))
OLD := $(filter-out $(PROGS) $(PROGS_32),$(wildcard $(OUT)/*))
# ../lib/text.c becomes lib_text.o: names may repeat in other directories
object = $(OBJ)/$(1)/$(subst /,_,$(patsubst %.c,%.o,$(subst ../,,$(patsubst \
	$(TOP)/%,%,$(2)))))
SHARED_64 := $(foreach source,$(SHARED),$(call object,64,$(source)))
SHARED_32 := $(foreach source,$(SHARED),$(call object,32,$(source)))

.PHONY: all run_tests
.DELETE_ON_ERROR:

all: $(PROGS) $(PROGS_32)
	$(if $(OLD),rm -f $(OLD))

define compile
$(call object,64,$(1)): $(1) $(HEADERS)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(FLAGS) -c -o $$@ $$<

$(call object,32,$(1)): $(1) $(HEADERS)
	@mkdir -p $$(@D)
	@$$(TOP)/scripts/need gcc-multilib
	$$(CC) -m32 -Wno-pointer-to-int-cast $$(CFLAGS) $$(FLAGS) -c -o $$@ $$<
endef
$(foreach source,$(SHARED),$(eval $(call compile,$(source))))

$(PROGS): $(OUT)/%: %.c $(SHARED_64) $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) $(if $(filter $*,$(NETLINK)),$(NL_FLAGS)) -o $@ \
		$< $($*_MORE) $(SHARED_64) \
		$(if $(filter $*,$(NETLINK)),$(NL_LIBS))

$(foreach name,$(TEST_GEN_PROGS),$(eval $(OUT)/$(name): $($(name)_MORE)))

$(PROGS_32): $(OUT)/%32: %.c $(SHARED_32) $(HEADERS)
	@mkdir -p $(@D)
	@$(TOP)/scripts/need gcc-multilib
	$(CC) -m32 -Wno-pointer-to-int-cast $(CFLAGS) $(FLAGS) -o $@ $< $(SHARED_32)

run_tests: all
	@fail=0; for name in $(notdir $(PROGS) $(PROGS_32)); do \
		echo "# $(NAME)/$$name"; \
		(cd $(OUT) && ./$$name) || fail=1; \
	done; exit $$fail
