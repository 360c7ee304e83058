#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The table of costs, from the lines that the bench printed.

table.py DIRECTORY: reads its *.log, writes table.txt, table.md and table.tsv
there, and prints the first. A log begins with "kernel NAME RELEASE"; each line
after it is "bench", row, who, and a number or "not measured: why".
"""
import glob
import os
import sys

OURS, FLOOR, VFIO, IOMMUFD = 'ours', 'floor', 'vfio', 'iommufd'
COLUMNS = {
    'uiommu': OURS, 'uvfio': OURS, 'floor': FLOOR, 'type1': VFIO,
    'vfio-pci': VFIO, 'iommufd': IOMMUFD,
}
HEADS = ('operation', 'this project', 'floor', 'VFIO', 'iommufd', 'target',
         'result')
KERNELS = {
    '6.1': "Debian's kernel", '6.12': "Debian's kernel",
    'bench': 'small kernel with iommufd',
}
# A count of instructions moves by this much with the place of things.
SLACK = 1.05


class Target:
    """A limit in words, and the number that a row has to keep."""

    def __init__(self, words, limit, above=False):
        self.words, self.limit, self.above = words, limit, above

    def judge(self, value, row):
        """How `value` stands against the limit, or None without one."""
        limit = self.limit(row)
        if value is None or not limit:
            return None
        good = value >= limit if self.above else value <= limit
        if good:
            return 'met'
        said = f'missed: {value / limit:.2f} × the limit'
        if not self.above and row.get(FLOOR, 0) > limit:
            said += f' (the floor is at {row[FLOOR] / limit:.2f})'
        return said


def best_peer(row):
    peers = [row.get(VFIO), row.get(IOMMUFD)]
    return min([value for value in peers if value], default=None)


def at_most(number):
    return Target(f'≤ {number:,}'.replace(',', ' '), lambda row: number)


def of_floor(times):
    return Target(f'≤ {times} × floor',
                  lambda row: row.get(FLOOR) and times * row[FLOOR])


def of_row(name, times, words):
    return Target(words, lambda row: row['all'].get(name, {}).get(OURS) and
                  times * row['all'][name][OURS])


PEERS = Target('better than peers', best_peer)
VFIO_PCI = Target('≤ vfio-pci', lambda row: row.get(VFIO))
WAITING = Target('≤ vfio-pci (× 1.001)',
                 lambda row: row.get(VFIO) and 1.001 * row[VFIO])
BULK = (of_floor(1.2), PEERS)
INDEPENDENT = f'as with 1 (× {SLACK})'

SECTIONS = (
    ('Instructions of one call', (
        ('map-4k', 'map 4 KiB', (at_most(2200), PEERS)),
        ('unmap-4k', 'unmap 4 KiB', (at_most(2000), PEERS)),
        ('map-64k', 'map 64 KiB of 4 KiB pages', (PEERS,)),
        ('unmap-64k', 'unmap the same', (PEERS,)),
        ('map-2m', 'map 2 MiB of 4 KiB pages', (PEERS,)),
        ('unmap-2m', 'unmap the same', (PEERS,)),
        ('map-20000', '20 000 mappings of 4 KiB, each map',
         (at_most(2200), PEERS)),
        ('unmap-20000', 'each unmap', (at_most(2000), PEERS)),
        ('nth-1000', 'the 1 000th mapping of 4 KiB', ()),
        ('nth-10000', 'the 10 000th',
         (of_row('nth-1000', 1.3, '≤ 1.3 × the 1 000th'),)),
        ('nth-100000', 'the 100 000th',
         (of_row('nth-1000', 1.3, '≤ 1.3 × the 1 000th'),)),
        ('nth-1000000', 'the 1 000 000th',
         (of_row('nth-1000', 1.3, '≤ 1.3 × the 1 000th'),)),
        ('any-1000', 'the 1 000th mapping of 4 KiB, address chosen', ()),
        ('any-10000', 'the 10 000th',
         (of_row('any-1000', 1.3, '≤ 1.3 × the 1 000th'),)),
        ('any-100000', 'the 100 000th',
         (of_row('any-1000', 1.3, '≤ 1.3 × the 1 000th'),)),
        ('any-1000000', 'the 1 000 000th',
         (of_row('any-1000', 1.3, '≤ 1.3 × the 1 000th'),)),
        ('devices-1', 'map 4 KiB with 1 device attached', ()),
        ('devices-2', 'with 2', (of_row('devices-1', SLACK, INDEPENDENT),)),
        ('devices-8', 'with 8', (of_row('devices-1', SLACK, INDEPENDENT),)),
        ('devices-16', 'with 16', (of_row('devices-1', SLACK, INDEPENDENT),)),
        ('attach-0', 'attach a second device, nothing mapped', ()),
        ('attach-1g', 'attach a second device, 1 GiB mapped',
         (of_row('attach-0', 1.1, 'as with nothing (× 1.1)'),)),
    )),
    ('Instructions for each 4 KiB of 256 MiB', (
        ('map-256m', 'map, 4 KiB pages in order', BULK),
        ('unmap-256m', 'unmap', BULK),
        ('map-256m-scattered', 'map, 4 KiB pages shuffled', BULK),
        ('unmap-256m-scattered', 'unmap', BULK),
        ('map-256m-thp', 'map, transparent huge pages', BULK),
        ('unmap-256m-thp', 'unmap', BULK),
        ('map-256m-hugetlb', 'map, hugetlb', BULK),
        ('unmap-256m-hugetlb', 'unmap', BULK),
    )),
    ('KiB of kernel memory for each GiB mapped', (
        ('kmem-huge', 'transparent huge pages', (at_most(16),)),
        ('kmem-scattered', '4 KiB pages shuffled', (at_most(5120),)),
    )),
    ('Work done by two threads against one, on two processors', (
        ('threads', 'maps and unmaps of 2 MiB in disjoint ranges',
         (Target('≥ 0.9 × floor',
                 lambda row: row.get(FLOOR) and 0.9 * row[FLOOR], True),)),
    )),
    ('Instructions of one use of a device', (
        ('config-read', 'read 4 bytes of configuration space', (VFIO_PCI,)),
        ('config-write', 'write 4 bytes of configuration space',
         (VFIO_PCI,)),
        ('command-write', 'write the command register', (VFIO_PCI,)),
        ('bar-read', 'read 4 bytes of a BAR', (VFIO_PCI,)),
        ('bar-write', 'write 4 bytes of a BAR', (VFIO_PCI,)),
        ('irq-signal', 'interrupt raised until its eventfd is read',
         (VFIO_PCI,)),
        ('irq-wake', 'interrupt raised until a sleeping reader runs',
         (VFIO_PCI,)),
        ('attach', 'from nothing open to a usable device', (VFIO_PCI,)),
        ('detach', 'close all of it', (VFIO_PCI,)),
    )),
    ('Reset, in nanoseconds of the machine, waiting included', (
        ('reset-flr', 'function level reset (nvme)', (WAITING,)),
        ('reset-bus', 'reset by the bus (e1000e)', (WAITING,)),
    )),
)


def read_logs(directory):
    """kernel -> row -> who -> number or reason."""
    kernels = {}
    for path in sorted(glob.glob(os.path.join(directory, '*.log'))):
        with open(path) as lines:
            _, name, release = lines.readline().split()
            rows = kernels.setdefault((name, release), {})
            for line in lines:
                _, row, who, found = line.rstrip('\n').split('\t')
                rows.setdefault(row, {})[who] = found
    return kernels


def numbers(row):
    """The columns of a row that are numbers."""
    values = {}
    for who, found in row.items():
        try:
            values[COLUMNS[who]] = float(found)
        except ValueError:
            pass
    return values


def show(value):
    if value is None:
        return '-'
    if value < 100:
        return f'{value:.1f}' if value >= 10 else f'{value:.2f}'
    return f'{value:,.0f}'.replace(',', ' ')


def judge(targets, row):
    said = [target.judge(row.get(OURS), row) for target in targets]
    words = [f'{target.words}: {word}' if len(targets) > 1 else word
             for target, word in zip(targets, said) if word and word != 'met']
    if words:
        return '; '.join(words)
    return 'met' if any(said) else '-'


def lines_of(rows, entries):
    every = {name: numbers(row) for name, row in rows.items()}
    for name, label, targets in entries:
        if name not in every:
            continue
        row = dict(every[name], all=every)
        yield ([label] + [show(row.get(column)) for column in
                          (OURS, FLOOR, VFIO, IOMMUFD)] +
               ['; '.join(target.words for target in targets) or '-',
                judge(targets, row)])


def missing(rows):
    """What could not be measured, and why."""
    why = {}
    for name, row in rows.items():
        for who, found in row.items():
            if found.startswith('not measured'):
                why.setdefault((who, found), []).append(name)
    for (who, found), names in why.items():
        yield f'{who}: {found} ({", ".join(names)})'


def as_text(sections, gone):
    for title, lines in sections:
        table = [list(HEADS)] + lines
        widths = [max(len(line[i]) for line in table) for i in range(7)]
        yield f'  {title}'
        for line in table:
            cells = [cell.rjust(width) if 0 < i < 5 else cell.ljust(width)
                     for i, (cell, width) in enumerate(zip(line, widths))]
            yield '    ' + '  '.join(cells).rstrip()
        yield ''
    yield from ('  ' + line for line in gone)


def as_markdown(sections, gone):
    for title, lines in sections:
        head = (title,) + HEADS[1:]
        yield '| ' + ' | '.join(head) + ' |'
        yield '|---|' + '--:|' * 4 + '---|---|'
        yield from ('| ' + ' | '.join(line) + ' |' for line in lines)
        yield ''
    yield from ('- ' + line for line in gone)


def render(kernels, style, mark):
    for (name, release), rows in kernels.items():
        yield f'{mark}Kernel {release} ({KERNELS.get(name, name)})'
        yield ''
        sections = [(title, list(lines_of(rows, entries)))
                    for title, entries in SECTIONS]
        yield from style([section for section in sections if section[1]],
                         list(missing(rows)))
        yield ''


def write(directory, name, lines):
    with open(os.path.join(directory, name), 'w') as out:
        out.writelines(line + '\n' for line in lines)


def main():
    directory = sys.argv[1]
    kernels = read_logs(directory)
    text = list(render(kernels, as_text, ''))
    write(directory, 'table.txt', text)
    write(directory, 'table.md', render(kernels, as_markdown, '### '))
    write(directory, 'table.tsv',
          (f'{release}\t{row}\t{who}\t{found}'
           for (_, release), rows in kernels.items()
           for row, all_found in rows.items()
           for who, found in all_found.items()))
    print('\n'.join(text))


if __name__ == '__main__':
    main()
