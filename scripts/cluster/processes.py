"""A scheduler and executors as local processes, and their resource usage."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def served(server, folder, port):
    """Serve a folder as read-only S3 buckets."""
    process = subprocess.Popen([server, str(folder), str(port)], stdout=subprocess.PIPE)
    process.stdout.readline()  # wait until it listens
    return process


def cpu_seconds(pid):
    """Resources used by a process so far, including its reaped children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS


class Process:
    def __init__(self, name, command, log):
        self.name, self.command, self.log = name, command, log
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def cpu(self):
        return cpu_seconds(self.process.pid) if self.process.poll() is None else 0.0

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def lines(self):
        return Path(self.log).read_text(errors="replace")


class Cluster:
    """One scheduler, and executors with `cores` concurrent tasks each."""

    def __init__(self, saltmine, work, executors=3, cores=1, timeout=8):
        port, *ports = free_ports(1 + executors)
        self.url = f"df://127.0.0.1:{port}"
        scheduler = [saltmine, "--verbose", "scheduler", "--bind", f"127.0.0.1:{port}", "--host", "127.0.0.1"]
        scheduler += ["--executor-timeout", str(timeout)]
        self.scheduler = Process("scheduler", scheduler, work / "scheduler.log")
        self.wait_for_port(port)
        self.executors = []
        for number in range(executors):
            folder = Path(tempfile.mkdtemp(dir=work, prefix=f"executor-{number}-"))
            command = [saltmine, "--verbose", "executor", "--scheduler", self.url, "--host", "127.0.0.1"]
            command += ["--port", str(ports[number])]
            command += ["--jobs", str(cores), "--work-dir", str(folder)]
            self.executors.append(Process(f"executor {number}", command, work / f"executor-{number}.log"))
        for number in range(executors):
            self.wait_for_port(ports[number])

    def wait_for_port(self, port):
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise SystemExit(f"no process listens on port {port}; see the logs\n{self.scheduler.lines()}")

    def all(self):
        return [self.scheduler, *self.executors]

    def cpu(self):
        return {process.name: process.cpu() for process in self.all()}

    def revive(self, executor):
        executor.start()
        self.wait_for_port(int(executor.command[executor.command.index("--port") + 1]))

    def stop(self):
        for process in reversed(self.all()):
            process.stop()
