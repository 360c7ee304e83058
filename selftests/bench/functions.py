#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Instructions by function, from what the plugin and the program left.

functions.py LOG LINES: LOG holds blocks (address, instructions, times) and
output.log (lines "s ADDRESS NAME", and the number of rounds).
"""
import bisect
import collections
import os
import sys

USER_END = 1 << 47


def read_symbols(path):
    symbols, rounds = {}, 1
    with open(path, errors='replace') as lines:
        for line in lines:
            words = line.split()
            if len(words) == 3 and words[0] == 's':
                symbols.setdefault(int(words[1], 16), words[2])
            elif line.startswith('profile\trounds'):
                rounds = int(words[2])
    return sorted(symbols.items()), rounds


def main():
    log, lines = sys.argv[1], int(sys.argv[2])
    symbols, rounds = read_symbols(os.path.join(log, 'output.log'))
    starts = [start for start, _ in symbols]
    spent = collections.Counter()
    calls = collections.Counter()
    with open(os.path.join(log, 'blocks')) as blocks:
        for line in blocks:
            at, number, times = line.split()
            at, number, times = int(at, 16), int(number), int(times)
            name = '(the program)'
            if at >= USER_END:
                place = bisect.bisect_right(starts, at) - 1
                name = symbols[place][1] if place >= 0 else '(unknown)'
                if place >= 0 and starts[place] == at:
                    calls[name] += times
            spent[name] += number * times
    total = sum(spent.values())
    print(f'{total / rounds:12.1f} instructions in each of {rounds} rounds')
    for name, count in spent.most_common(lines):
        called = calls[name] / rounds
        print(f'{count / rounds:12.1f} {100 * count / total:5.1f}% '
              f'{called:8.2f} calls  {name}')


if __name__ == '__main__':
    main()
