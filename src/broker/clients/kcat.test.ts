/** kcat (librdkafka) against the broker: Debian package `kcat`. Skips, and says so, where it is not installed. */
import { spawn, spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { makeBrokerWorld, type BrokerWorld } from '../broker-world.testing.ts'

const KCAT = 'kcat'
const isMissing = spawnSync(KCAT, ['-V']).error !== undefined

/** Runs kcat to its end; its standard output. */
function kcat(world: BrokerWorld, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(KCAT, ['-b', world.bootstrap, ...args])
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(out)
      else reject(new Error(`kcat ${args.join(' ')} ended with ${code}: ${err}`))
    })
    child.stdin.end(input)
  })
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i}`)

describe.skipIf(isMissing)('kcat (skipped without it: install the Debian package kcat)', () => {
  test('-P creates the topic, -L lists it, -C reads it back', async () => {
    await using world = await makeBrokerWorld()
    await kcat(world, ['-P', '-t', 'ratings', '-K:', '-H', 'h=x'], 'k1:one\nk2:two\nk3:three\n')
    const listed = await kcat(world, ['-L'])
    expect(listed).toContain(`broker 1 at ${world.bootstrap} (controller)`)
    expect(listed).toContain('topic "ratings" with 1 partitions')
    const format = ['-f', '%p %o %k %s %h\n']
    const read = await kcat(world, ['-C', '-t', 'ratings', '-o', 'beginning', '-e', ...format])
    expect(lines(read)).toEqual(['0 0 k1 one h=x', '0 1 k2 two h=x', '0 2 k3 three h=x'])
    expect(await kcat(world, ['-Q', '-t', 'ratings:0:-1'])).toContain('offset 3')
  })

  test('-o -3 reads the last three', async () => {
    await using world = await makeBrokerWorld()
    await kcat(world, ['-P', '-t', 't'], numbers(10).join('\n'))
    const read = await kcat(world, ['-C', '-t', 't', '-o', '-3', '-e', '-q'])
    expect(lines(read)).toEqual(['v7', 'v8', 'v9'])
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    '-z %s comes back, for kcat and for readers in the process',
    async (codec) => {
      await using world = await makeBrokerWorld()
      await kcat(world, ['-P', '-t', 't', '-z', codec], numbers(500).join('\n'))
      const read = await kcat(world, ['-C', '-t', 't', '-o', 'beginning', '-e', '-q'])
      expect(lines(read)).toEqual(numbers(500))
      const values: string[] = []
      for await (const batch of world.log.read('t', 0, 0)) {
        for (const { value } of batch.records) values.push(Buffer.from(value ?? []).toString())
      }
      expect(values).toEqual(numbers(500))
    },
  )

  test('an idempotent producer, and a tombstone', async () => {
    await using world = await makeBrokerWorld()
    const idempotent = ['-X', 'enable.idempotence=true']
    await kcat(world, ['-P', '-t', 't', ...idempotent], numbers(300).join('\n'))
    await kcat(world, ['-P', '-t', 't', '-K:', '-Z'], 'k:\n')
    const read = await kcat(world, ['-C', '-t', 't', '-o', 'beginning', '-e', '-f', '%S\n'])
    expect(lines(read).slice(-2)).toEqual(['4', '-1'])
  })

  test('-G reads each record once, and goes on where the group was', async () => {
    await using world = await makeBrokerWorld()
    await world.log.createTopic({ name: 't', partitions: 3 })
    await kcat(
      world,
      ['-P', '-t', 't', '-K:'],
      numbers(60)
        .map((v) => `${v}:${v}\n`)
        .join(''),
    )
    const earliest = ['-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=6000']
    const group = (): Promise<string> => kcat(world, ['-G', 'g', ...earliest, '-e', '-q', 't'])
    expect(lines(await group()).toSorted()).toEqual(numbers(60).toSorted())
    await kcat(world, ['-P', '-t', 't', '-p', '1'], 'late\n')
    expect(lines(await group())).toEqual(['late'])
    const [info] = await world.log.groups()
    expect(info?.offsets.reduce((sum, { lag }) => sum + lag, 0)).toBe(0)
  })
})
