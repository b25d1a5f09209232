"""Other threads run while saltmine works, and interrupts end the work."""

import os
import signal
import threading
import time

import pyarrow
import pytest

import saltmine

# More rows than anyone would wait for.
ENDLESS = "SELECT sum(a.value * b.value) AS n FROM generate_series(1, 10000000) a CROSS JOIN generate_series(1, 10000000) b"


def steps_of_another_thread(work):
    """The number of steps that a Python thread takes while `work` runs."""
    steps, is_done = 0, threading.Event()

    def step():
        nonlocal steps
        while not is_done.is_set():
            steps += 1
            time.sleep(0.001)

    thread = threading.Thread(target=step)
    thread.start()
    before = steps
    try:
        work()
        return steps - before
    finally:
        is_done.set()
        thread.join()


def test_the_lock_is_released(corpus, tmp_path):
    lake = tmp_path / "lake"
    assert steps_of_another_thread(lambda: saltmine.ingest(corpus, lake)) > 20
    wide = "SELECT key, count(DISTINCT request_id) FROM logs GROUP BY 1"
    assert steps_of_another_thread(lambda: saltmine.query(wide, corpus).collect()) > 20
    assert steps_of_another_thread(lambda: pyarrow.table(saltmine.query(wide, corpus))) > 20
    assert steps_of_another_thread(lambda: saltmine.hunt(corpus, packs="exfiltration")) > 20


def test_threads_can_share_an_answer(attack):
    rows = saltmine.scan(attack, columns=["key"])
    expected, counted = rows.collect().num_rows, []
    threads = [threading.Thread(target=lambda: counted.append(pyarrow.table(rows).num_rows)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [expected] * 4


def test_a_forked_child_works(attack):
    saltmine.scan(attack, columns=["key"]).collect()
    child = os.fork()
    if child == 0:
        os._exit(0 if saltmine.scan(attack, columns=["key"]).collect().num_rows > 0 else 1)
    assert os.waitpid(child, 0)[1] == 0


WORK = {
    "query": "saltmine.query(PLANNED, attack)",
    "collect": "rows.collect()",
    "iterate": "list(rows)",
    "pyarrow": "pyarrow.table(rows)",
    "polars": "polars.DataFrame(rows)",
    "ingest": "[saltmine.ingest(corpus, f'{folder}/{n}') for n in range(1000)]",
    "hunt": "[saltmine.hunt(corpus) for n in range(1000)]",
}
# The first statement finishes before there is an answer to read.
PLANNED = f"{ENDLESS}; SELECT 1"


@pytest.mark.parametrize("name", WORK)
def test_an_interrupt_ends_the_work(script, name, attack, corpus, tmp_path):
    process = script(
        f"import polars, pyarrow, saltmine\n"
        f"PLANNED, attack, corpus, folder = {PLANNED!r}, {attack!r}, {corpus!r}, {str(tmp_path)!r}\n"
        f"rows = saltmine.query({ENDLESS!r}, attack)\n"
        f"print('ready', flush=True)\n"
        f"{WORK[name]}\n"
    )
    time.sleep(0.5)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=3600)  # prevents a hang; not a measurement
    assert process.returncode != 0 and "KeyboardInterrupt" in errors, errors
    for lake in tmp_path.iterdir():
        # Committed rounds are readable.
        assert saltmine.query("SELECT count(*) FROM logs", lake).collect().num_rows == 1
