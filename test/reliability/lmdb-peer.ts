/** lmdb under A2: `lmdb-peer.ts write <folder>` or `… count <folder> <below>`. Twenty puts at once, each awaited. */
import { openLmdb } from '../../bench/lmdb-peer.ts'

const [command, folder = '', below = '0'] = process.argv.slice(2)
const store = openLmdb(`${folder}/store`)
const value = Buffer.alloc(100, 'x')
if (command === 'count') {
  let count = 0
  for (const { key } of store.getRange({})) if (key < Number(below)) count++
  console.log(count)
  await store.close()
} else {
  for (let first = 0; ; first += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, step) => store.put(first + step, value)))
    console.log(first + 20)
  }
}
