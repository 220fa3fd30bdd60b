"""SQLite as a queue: rows of a number and a hundred bytes, WAL, every transaction synced. Prints the seconds it took."""

import itertools
import sqlite3
import sys
import time

path, records, transaction = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
value = bytes(32 + index % 90 for index in range(100))
store = sqlite3.connect(path, isolation_level=None)
store.execute("PRAGMA journal_mode = WAL")
store.execute("PRAGMA synchronous = FULL")
store.execute("CREATE TABLE bench (id INTEGER PRIMARY KEY, value BLOB NOT NULL)")
began = time.monotonic()
for sent in range(0, records, transaction):
    store.execute("BEGIN")
    rows = itertools.repeat((value,), min(transaction, records - sent))
    store.executemany("INSERT INTO bench (value) VALUES (?)", rows)
    store.execute("COMMIT")
print(time.monotonic() - began)
