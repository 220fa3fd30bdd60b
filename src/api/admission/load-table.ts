/** The class of work of a request by its method and path, found without making anything of the request. */
import type { LoadClass } from './load-class.ts'

export interface LoadTable {
  /** `pattern` as the router takes it: `/v1/topics/:topic/events`. */
  add(method: string, pattern: string, load: LoadClass): void
  /** `target` with or without its query. Undefined for what no pattern fits; the router may see more in it. */
  find(method: string, target: string): LoadClass | undefined
}

interface Node {
  readonly literals: Map<string, Node>
  /** What follows a parameter, whatever its name. */
  parameter?: Node
  readonly loads: Map<string, LoadClass>
}

const createNode = (): Node => ({ literals: new Map(), loads: new Map() })

export function createLoadTable(): LoadTable {
  const root = createNode()
  return {
    add(method, pattern, load) {
      let node = root
      for (const part of pattern.slice(1).split('/')) {
        // A part that is more than a name or a parameter is left to the router.
        if (!/^:\w+$|^[^:*]*$/.test(part)) return
        const isParameter = part.startsWith(':')
        const next = isParameter ? node.parameter : node.literals.get(part)
        const added = next ?? createNode()
        if (isParameter) node.parameter = added
        else node.literals.set(part, added)
        node = added
      }
      node.loads.set(method, load)
    },
    find(method, target) {
      const query = target.indexOf('?')
      return loadAt(root, method, target, 1, query < 0 ? target.length : query)
    },
  }
}

/** Names win over parameters, as in the router. */
function loadAt(
  node: Node,
  method: string,
  path: string,
  from: number,
  end: number,
): LoadClass | undefined {
  if (from > end) return node.loads.get(method)
  const slash = path.indexOf('/', from)
  const to = slash < 0 || slash > end ? end : slash
  const literal = node.literals.get(path.slice(from, to))
  const found = literal && loadAt(literal, method, path, to + 1, end)
  if (found !== undefined || node.parameter === undefined || to === from) return found
  return loadAt(node.parameter, method, path, to + 1, end)
}
