import { expect, test } from 'vitest'
import { openThreadPool } from './thread-pool.ts'

const bounds = Int32Array.of(0, 1)
const LARGE = { work: 1e9 }
const open = (module = 'als') =>
  openThreadPool({ module, bytes: 65_536, scratchBytes: 65_536, threads: 2 })

test('a module that was not built names the command', () => {
  expect(() => open('nothing')).toThrow(
    'kernels/build/nothing.wasm was not built, or this processor has no 128-bit SIMD: run "npm run build"',
  )
})

test('more than a memory has is refused before anything is allocated', () => {
  const sizes = { module: 'als', bytes: 4_294_967_296, scratchBytes: 0, threads: 1 }
  expect(() => openThreadPool({ ...sizes, bytes: sizes.bytes + 1 })).toThrow(
    'the computation needs 4295032832 bytes, a memory has 4294967296',
  )
})

test('a thread that fails is reported, and ends the pool', async () => {
  const pool = open()
  // A job beyond the memory: the kernel traps.
  const task = { kernel: 'addGram', job: 0xffff_ff00, bounds }
  await expect(pool.run(task, LARGE)).rejects.toMatchObject({
    code: 'KERNEL_THREAD_LOST',
    message: expect.stringContaining(
      'a thread that ran addGram ended (memory access out of bounds)',
    ),
  })
  await expect(pool.run({ ...task, job: 0 }, LARGE)).rejects.toMatchObject({
    code: 'KERNEL_THREAD_LOST',
  })
  await pool.close()
})

test('closing twice is closing once', async () => {
  const pool = open()
  await pool.run({ kernel: 'addGram', job: 1_024, bounds: Int32Array.of(0) }, LARGE)
  await pool.close()
  await pool.close()
})
