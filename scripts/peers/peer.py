"""Runs one peer (`python PEER.py CORPUS OUT`) and prints the duration of the work itself.

The start of Python and the imports are not counted, in the peers' favour.
"""

import sys
import time


def run(main):
    corpus, out = sys.argv[1:3]
    start = time.perf_counter()
    main(corpus, out)
    print(f"seconds {time.perf_counter() - start:.6f}")
