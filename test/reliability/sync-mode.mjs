/**
 * Makes the process's syncs misbehave, by `MILLRACE_SYNC`: `none` does nothing, `slow` takes 60 ms before each, `slow:200` so
 * many, `eio:20:5` fails five of them with EIO after the twentieth (`eio:20:` for ever). Loaded before anything else:
 * `node --import`, or an import at the top.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const [mode, first, count] = (process.env['MILLRACE_SYNC'] ?? '').split(':')
const SLOW_MS = 60
const real = { fdatasync: fs.fdatasync, fsync: fs.fsync }
let calls = 0

function failing(sync) {
  const last = count ? Number(first) + Number(count) : Infinity
  return (fd, done) => {
    calls++
    if (calls <= Number(first) || calls > last) return sync(fd, done)
    return setImmediate(() =>
      done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })),
    )
  }
}

const modes = {
  none: () => (_fd, done) => setImmediate(() => done(null)),
  slow: (sync) => (fd, done) => setTimeout(() => sync(fd, done), Number(first ?? SLOW_MS)),
  eio: failing,
}
const make = modes[mode]
if (make !== undefined) {
  Object.assign(fs, { fdatasync: make(real.fdatasync), fsync: make(real.fsync) })
  syncBuiltinESMExports()
}
