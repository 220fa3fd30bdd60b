import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { roomNames, rooms, type Room } from './imports.ts'
import { filesUnder, importsOf, isTest, read, type Import } from './sources.ts'

const roomOf = (path: string): Room | undefined => {
  const name = path.split('/')[1]
  return path.startsWith('src/') && roomNames.includes(name as Room) ? (name as Room) : undefined
}

const sources = filesUnder('src', (path) => path.endsWith('.ts') && !path.endsWith('.as.ts'))

/** What is wrong with an import, as a sentence with the remedy. */
function problemOf(one: Import): string | undefined {
  const from = roomOf(one.from)
  if (one.target === undefined || from === undefined) return undefined
  const to = roomOf(one.target)
  if (to === undefined || to === from) return undefined
  if (isTest(one.from) && to === 'testing') return undefined
  const above = roomNames.indexOf(to) < roomNames.indexOf(from)
  const allowed = (rooms[from] as readonly string[]).includes(to) || (one.typeOnly && above)
  if (!allowed && !(isTest(one.from) && above))
    return `${one.from}: room ${from} may not import room ${to}: see the table in ARCHITECTURE.md`
  // The public kit shows the suites, which no front door carries into the product.
  if (from === 'testing' && one.target.endsWith('.conformance.ts')) return undefined
  if (one.target !== `src/${to}/index.ts`)
    return `${one.from}: import ${one.specifier} through the front door, src/${to}/index.ts`
  return undefined
}

describe('imports', () => {
  it('follow the table, through front doors', () => {
    const problems = sources.flatMap((path) => importsOf(path).map(problemOf)).filter(Boolean)
    assert.deepEqual(problems, [])
  })

  it('let a command start without loading what only another one needs', () => {
    const loaded = new Set(['src/cli/program.ts'])
    const problems: string[] = []
    for (const path of loaded) {
      for (const { target, typeOnly, lazy } of importsOf(path)) {
        if (target === undefined || typeOnly || lazy || !target.endsWith('.ts')) continue
        const room = roomOf(target)
        if (room === 'cli' || room === 'core') loaded.add(target)
        else if (room !== 'log')
          problems.push(`${path}: load ${target} by import() where it is used`)
      }
    }
    assert.deepEqual(problems, [])
  })

  it('are shown in ARCHITECTURE.md as the table says', () => {
    const page = read('ARCHITECTURE.md')
    for (const room of roomNames) {
      const line = page.split('\n').find((text) => text.startsWith(`| \`${room}/\` |`))
      assert.ok(line, `ARCHITECTURE.md has no line for ${room}/`)
      const shown = line.split('|').at(-2)?.trim()
      const expected = rooms[room].length === 0 ? 'nothing' : rooms[room].join(', ')
      if (shown === 'every room above' || shown === 'any front door') continue
      assert.equal(shown, expected, `ARCHITECTURE.md, line of ${room}/`)
    }
  })

  it('never reach a variant from outside its room, nor another variant', () => {
    const variantFolder = /^src\/([a-z]+)\/(drivers|engines|sources|generators)\/([a-z0-9-]+)\//
    const problems = sources.flatMap((path) =>
      importsOf(path).flatMap((one) => {
        const into = variantFolder.exec(one.target ?? '')
        if (!into) return []
        const inside = variantFolder.exec(path)
        const sameVariant = inside?.[0] === into[0]
        const catalogs = [`src/${into[1]}/catalog.ts`, `src/${into[1]}/${into[2]}/catalog.ts`]
        return sameVariant || catalogs.includes(path) || isTest(path)
          ? []
          : [`${path} names variant ${into[0]}: only the room's catalog may`]
      }),
    )
    assert.deepEqual(problems, [])
  })
})
