#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The host's side of the test machine: start QEMU, serve its requests, judge.

host.py SOCKETS LOG SECONDS QEMU...
host.py --interactive SOCKETS QEMU...
 SOCKETS is a directory that holds the
sockets named in QEMU's arguments, LOG one for what was said. What programs
print is passed on to standard output. The exit status is 0 only if a verdict
without a failure came before SECONDS had passed; 3 if the machine hung before
its first process ran, which loads our modules; 4 if it died of a fault of
QEMU's.
"""
import array
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

VECTORS = 8

# Emulated timers may be lost on a busy host while the kernel still looks for
# them. It then hangs before the first process runs, and long before this.
BOOT_SECONDS = 480
NEVER_UP = 3
NOT_OURS = 4

# How the kernel begins to complain
COMPLAINT = re.compile(r'\b(?:(?:BUG|WARNING|INFO|UBSAN|Oops|int3): |'
                       r'kernel BUG at|Kernel panic).*')


class Monitor:
    """QEMU's monitor: one command at a time, in the human's language."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.stream = connect(path).makefile('rw')
        self.stream.readline()
        self.ask('qmp_capabilities')

    def ask(self, command, **arguments):
        request = {'execute': command}
        if arguments:
            request['arguments'] = arguments
        with self.lock:
            self.stream.write(json.dumps(request) + '\n')
            self.stream.flush()
            while True:
                line = self.stream.readline()
                if not line:
                    raise ConnectionError('the monitor is gone')
                answer = json.loads(line)
                if 'return' in answer or 'error' in answer:
                    return answer

    def human(self, line):
        answer = self.ask('human-monitor-command', **{'command-line': line})
        if 'error' in answer:
            return 'error ' + answer['error']['desc']
        text = ' '.join(answer['return'].split())
        bad = 'rror' in text or text.startswith('unknown command')
        return ('error ' if bad else 'ok ') + text


def connect(path):
    """Wait for QEMU to listen at path."""
    for _ in range(200):
        try:
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(path)
            return peer
        except OSError:
            time.sleep(0.05)
    raise ConnectionError(f'{path}: nobody listens')


class Control:
    """Requests from inside, one line each, and the verdict."""

    def __init__(self, sockets):
        self.verdict = None
        self.monitor = Monitor(os.path.join(sockets, 'monitor'))
        self.stream = connect(os.path.join(sockets, 'control')).makefile(
            'rw', errors='replace')

    def serve(self):
        try:
            for line in self.stream:
                answer = self.handle(line.strip())
                if answer is not None:
                    self.stream.write(answer.strip() + '\n')
                    self.stream.flush()
        except (OSError, ValueError):
            pass

    def handle(self, line):
        word, _, rest = line.partition(' ')
        if word == 'verdict:':
            self.verdict = line
            return None
        if word == 'after':
            delay, _, rest = rest.partition(' ')
            if not delay.isdigit():
                return 'error after what time?'
            timer = threading.Timer(int(delay) / 1000, self.handle, [rest])
            timer.daemon = True
            timer.start()
            return 'ok'
        prefix = {'unplug': 'device_del ', 'hmp': ''}
        if word == 'plug':
            return self.plug(rest)
        if word not in prefix:
            return f'error unknown request {word!r}' if word else None
        return self.monitor.human(prefix[word] + rest)

    def plug(self, device):
        """The one before may have left the guest's sight, and not its slot."""
        for _ in range(100):
            answer = self.monitor.human('device_add ' + device)
            if 'Duplicate device ID' not in answer:
                break
            time.sleep(0.05)
        return answer


class DoorbellServer(threading.Thread):
    """The peer that ivshmem-doorbell wants: memory and one eventfd a vector.

    There is one client, and it is told of itself, so that a write to its own
    doorbell raises its own interrupt.
    """

    def __init__(self, sockets):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(sockets, 'doorbell'))
        self.listener.listen(1)
        self.memory = os.memfd_create('doorbell')
        os.ftruncate(self.memory, 1 << 20)
        self.vectors = [os.eventfd(0) for _ in range(VECTORS)]

    @staticmethod
    def send(peer, number, fd=None):
        data = number.to_bytes(8, 'little', signed=True)
        rights = [] if fd is None else [
            (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))]
        peer.sendmsg([data], rights)
        # QEMU 7.2 takes one message each time it looks, and loses others
        while struct.unpack('i', fcntl.ioctl(peer, termios.TIOCOUTQ,
                                             bytes(4)))[0]:
            time.sleep(0.01)

    def run(self):
        peer, _ = self.listener.accept()
        self.send(peer, 0)
        self.send(peer, 0)
        self.send(peer, -1, self.memory)
        for vector in self.vectors:
            self.send(peer, 0, vector)
        self.peer = peer


def pass_on(source, log, came_up):
    """What programs print, as it comes."""
    for line in source:
        came_up.set()
        text = line.decode(errors='replace').replace('\r', '')
        log.write(text)
        log.flush()
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody listens any more; the machine must not wait for them.
            sys.stdout = open(os.devnull, 'w')
    # QEMU has ended: that is waited for elsewhere
    came_up.set()


def contents(path):
    try:
        with open(path, errors='replace') as log:
            return log.read()
    except OSError:
        return ''


def tail(path, count=40):
    return ''.join(contents(path).splitlines(True)[-count:])


def complaint(path, count=60):
    """Where the kernel first complains, or else the last it said."""
    console = contents(path)
    first = COMPLAINT.search(console)
    if not first:
        return tail(path)
    begin = console.rfind('\n', 0, first.start()) + 1
    return ''.join(console[begin:].splitlines(True)[:count])


def stale_breakpoint(console):
    r"""Did the kernel die of a breakpoint that was not there any more?

    The kernel changes its code under a breakpoint, and waits for all
    processors before it forgets about it. QEMU before 8.1 may translate the
    breakpoint on one processor while another one takes it back, and run it for
    ever after (QEMU's commit deba78709ae8, "accel/tcg: Always lock pages
    before translation"). What the kernel prints proves it: the byte before the
    marked one trapped, and is no breakpoint (0xcc). The first complaint of the
    kernel counts; whatever went wrong before is not QEMU's.

    >>> stale_breakpoint('Oops: int3: 0000 [#1]\nCode: 08 66 <90> 4d 8b')
    True
    >>> stale_breakpoint('int3: 0000 [#1]\nCode: 75 08 0f <1f> 44 00 00')
    True
    >>> stale_breakpoint('Oops: int3: 0000 [#1]\nCode: c3 cc <cc> cc 66 90')
    False
    >>> stale_breakpoint('Oops: int3: 0000 [#1]\nCode: Unable to access')
    False
    >>> stale_breakpoint('WARNING: CPU: 0 PID: 1 at mm/slub.c:1\n'
    ...                  'Oops: int3: 0000 [#1]\nCode: 66 <90> 4d 8b')
    False
    >>> stale_breakpoint('Oops: 0000 [#1]\nCode: 66 <90> 4d 8b\n'
    ...                  'Oops: int3: 0000 [#2]\nCode: 66 <90> 4d 8b')
    False
    >>> stale_breakpoint('')
    False
    """
    first = COMPLAINT.search(console)
    if not first or not re.match(r'(?:Oops: )?int3: 0000 ', first[0]):
        return False
    code = re.search(r'\bCode: .*\b([0-9a-f]{2}) <[0-9a-f]{2}>',
                     console[first.end():])
    return bool(code) and code[1] != 'cc'


def never_up(said, console):
    """Did the kernel hang before anything of ours was in it?

    The first process speaks before it loads a module (init/init.c). A kernel
    that complains does not merely wait for a timer.

    >>> never_up('', 'x86/fpu: a warning of the firmware')
    True
    >>> never_up('# machine: the first process runs', '')
    False
    >>> never_up('not ok machine: /modules/uiommu.ko', '')
    False
    >>> never_up('', 'BUG: kernel NULL pointer dereference')
    False
    >>> never_up('', 'uiommu: loading out-of-tree module taints kernel.')
    False
    """
    return (not said.strip() and not COMPLAINT.search(console) and
            'loading out-of-tree module' not in console)


def judge(verdict, ended, log):
    """One line for people and scripts; returns the exit status."""
    match = re.fullmatch(r'verdict: passed (\d+) failed (\d+)', verdict or '')
    if not match:
        said, console = (contents(os.path.join(log, name))
                         for name in ('output.log', 'console.log'))
        if not ended and never_up(said, console):
            return NEVER_UP
        if ended and stale_breakpoint(console) and 'not ok' not in said:
            return NOT_OURS
        why = 'no verdict' if ended else 'no verdict in time'
        print(complaint(os.path.join(log, 'console.log')), end='')
        print(f'not ok machine: {why} (hang, panic or power loss), '
              f'see {log}/console.log')
        return 1
    if not ended:
        print('not ok machine: does not power off')
        return 1
    return 0 if match[2] == '0' and match[1] != '0' else 1


def interact(sockets, command):
    """Give the terminal to a person; requests from inside are served."""
    DoorbellServer(sockets).start()
    qemu = subprocess.Popen(command)
    control = Control(sockets)
    threading.Thread(target=control.serve, daemon=True).start()
    return qemu.wait()


def main():
    if sys.argv[1] == '--interactive':
        return interact(sys.argv[2], sys.argv[3:])
    # whoever ends us means the machine too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sockets, log, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    DoorbellServer(sockets).start()
    with open(os.path.join(log, 'qemu.log'), 'w') as errors:
        qemu = subprocess.Popen(sys.argv[4:], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=errors)
    try:
        control = Control(sockets)
    except (OSError, ConnectionError):
        qemu.kill()
        print(tail(os.path.join(log, 'qemu.log')), end='')
        print('not ok machine: QEMU does not start')
        return 1
    threading.Thread(target=control.serve, daemon=True).start()
    came_up = threading.Event()
    with open(os.path.join(log, 'output.log'), 'w') as output:
        reader = threading.Thread(target=pass_on,
                                  args=(qemu.stdout, output, came_up))
        reader.start()
        try:
            ended = came_up.wait(min(seconds, BOOT_SECONDS))
            if ended:
                qemu.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = False
        finally:
            qemu.kill()
            qemu.wait()
        reader.join()
    status = judge(control.verdict, ended, log)
    with open(os.path.join(log, 'verdict'), 'w') as out:
        out.write((control.verdict or 'none') + '\n')
    return status


if __name__ == '__main__':
    sys.exit(main())
