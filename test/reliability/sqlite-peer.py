"""SQLite under A2: `sqlite-peer.py FULL|NORMAL write <folder>` or `… count <folder> <below>`. Twenty rows a transaction."""
import sqlite3
import sys

mode, command, folder = sys.argv[1:4]
store = sqlite3.connect(folder + "/store.db", isolation_level=None)
store.execute("pragma journal_mode = wal")
store.execute("pragma synchronous = " + mode)
store.execute("create table if not exists events (id integer primary key, value blob)")
if command == "count":
    below = int(sys.argv[4])
    print(store.execute("select count(*) from events where id < ?", (below,)).fetchone()[0])
else:
    value = b"x" * 100
    first = 0
    while True:
        store.execute("begin")
        store.executemany("insert into events values (?, ?)", [(first + step, value) for step in range(20)])
        store.execute("commit")
        first += 20
        print(first)
