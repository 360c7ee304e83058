#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the names of tests, as TAP prints them, of programs that are built.

scripts/test_names.py PROGRAM...                 all names, one a line
scripts/test_names.py --select PROGRAM OPTION... are the names in OPTION there?

The second form is for plans. A name that selects nothing would test nothing,
without a word; the exit status is 1 then.
"""
import re
import subprocess
import sys

# What the harness calls the fixture of tests that have none
NO_FIXTURE = 'global'


def split(line):
    """The columns of a line: each is filled up to its width, if it is short.

    >>> split('map                  by_domain                 refused')
    ('map', 'by_domain', 'refused')
    >>> split('                                               refused')
    ('', '', 'refused')
    >>> split('                     by_a_name_that_is_too_long_for_it')
    ('', 'by_a_name_that_is_too_long_for_it', '')
    """
    names = []
    for width in (20, 25):
        name = re.match(r'\S*', line)[0]
        names.append(name)
        line = line[max(width, len(name)) + 1:]
    return (*names, line.strip())


def parse(text):
    """What the harness lists: of each fixture its variants beside its tests.

    >>> text = '''# FIXTURE            VARIANT                   TEST
    ... global                                         one
    ...                                                two
    ... ---------
    ... map                  fast                      refused
    ...                      slow                      '''
    >>> parse(text)
    [('global', [''], ['one', 'two']), ('map', ['fast', 'slow'], ['refused'])]
    """
    fixtures = []
    for line in text.splitlines():
        if line.startswith(('#', '---')) or not line.strip():
            continue
        fixture, variant, test = split(line)
        if fixture:
            fixtures.append((fixture, [], []))
        if variant:
            fixtures[-1][1].append(variant)
        if test:
            fixtures[-1][2].append(test)
    return [(name, variants or [''], tests)
            for name, variants, tests in fixtures]


def fixtures_of(program):
    said = subprocess.run([program, '-l'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, timeout=60, check=False).stderr
    fixtures = parse(said)
    if not fixtures:
        sys.exit(f'{program}: lists no tests')
    return fixtures


def names_of(fixtures):
    return ['.'.join(part for part in (fixture, variant, test) if part)
            for fixture, variants, tests in fixtures
            for variant in variants for test in tests]


def is_there(fixtures, letter, name):
    """Does an option of the harness name anything?

    >>> some = [('map', ['fast', 'slow'], ['refused'])]
    >>> [is_there(some, *option) for option in (
    ...     ('f', 'map'), ('V', 'slow'), ('t', 'refused'), ('F', 'slow'),
    ...     ('r', 'map.fast.refused'), ('r', 'map.refused'))]
    [True, True, True, False, True, False]
    """
    if letter == 'r':
        return name in names_of(fixtures)
    column = 'fvt'.index(letter.lower())
    return any(name in ([fixture], variants, tests)[column]
               for fixture, variants, tests in fixtures)


def check_selection(program, options):
    """Complain of names that are not there; other arguments are not ours."""
    bad = 0
    pairs = [(option[1], name) for option, name in zip(options, options[1:])
             if re.fullmatch('-[fFvVtTr]', option)]
    if not pairs:
        return 0
    fixtures = fixtures_of(program)
    for letter, name in pairs:
        if not is_there(fixtures, letter, name):
            print(f'{program}: -{letter} {name}: there is none',
                  file=sys.stderr)
            bad = 1
    return bad


def main():
    if sys.argv[1:2] == ['--select']:
        return check_selection(sys.argv[2], sys.argv[3:])
    for program in sys.argv[1:]:
        print('\n'.join(names_of(fixtures_of(program))))
    return 0


if __name__ == '__main__':
    sys.exit(main())
