/**
 * The language of `filter` and `boost`: expressions over the attributes of an item. No calls, no loops, no patterns, so an
 * expression costs its nodes for an item and cannot do anything else.
 *
 *   expression   if <condition> then <expression> else <expression> | <or>
 *   or, and      <and> or <and> … · <not> and <not> …
 *   not          not <not> | <comparison>
 *   comparison   <sum> [= | == | != | < | <= | > | >= | in | not in | contains <sum>]
 *   sum, product + - · * /
 *   value        number · 'text' · true · false · null · name · "name with spaces" · [value, …] · ( expression )
 *
 * Names are attributes of the item's catalogue entry, and `_item`, `_users`, `_first`, `_last` (id, users who have it, first
 * and last time as milliseconds since 1970).
 */
import { quote } from '../../core/index.ts'
import { servingError } from '../errors.ts'

export type Operator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'contains'
  | '+'
  | '-'
  | '*'
  | '/'

export type Value = number | string | boolean | null

export type Node =
  | { readonly type: 'value'; readonly value: Value }
  | { readonly type: 'list'; readonly values: readonly Value[] }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'not' | 'minus'; readonly of: Node }
  | { readonly type: 'and' | 'or'; readonly parts: readonly Node[] }
  | {
      readonly type: 'binary'
      readonly operator: Operator
      readonly left: Node
      readonly right: Node
    }
  | { readonly type: 'if'; readonly when: Node; readonly yes: Node; readonly no: Node }

export interface Expression {
  readonly root: Node
  /** Parts that are evaluated for an item at most. */
  readonly nodes: number
  /** Attributes that it reads. */
  readonly names: ReadonlySet<string>
}

/** Longer ones are made by machines, and would cost more per item than the ranking itself. */
export const EXPRESSION_CHARS = 2_000
const MOST_NODES = 200
const MOST_DEPTH = 32
const MOST_LIST = 500

const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'(?<text>(?:[^'\\]|\\.)*)'|"(?<quoted>(?:[^"\\]|\\.)*)"|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>==|!=|<=|>=|[=<>+\-*/()[\],]))/uy

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'word' | 'sign' | 'end'
  readonly text: string
  /** Characters before it. */
  readonly at: number
}

const WORDS = new Set([
  'and',
  'or',
  'not',
  'in',
  'contains',
  'if',
  'then',
  'else',
  'true',
  'false',
  'null',
])
const COMPARISONS = new Set(['=', '==', '!=', '<', '<=', '>', '>='])

/** Throws SERVING_INVALID_EXPRESSION with `details.position`, characters from the start. `field`: for the message. */
export function parseExpression(source: string, field: string): Expression {
  if (source.length > EXPRESSION_CHARS) {
    throw invalid(
      field,
      EXPRESSION_CHARS,
      `is longer than ${EXPRESSION_CHARS} characters: send ids as allow or exclude`,
    )
  }
  const parser = new Parser(tokensOf(source, field), field)
  const root = parser.expression(0)
  parser.end()
  return { root, nodes: parser.nodes, names: parser.names }
}

function tokensOf(source: string, field: string): Token[] {
  const tokens: Token[] = []
  const end = source.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(source)
    const groups = match?.groups
    if (!match || !groups) {
      const at = from + (/^\s*/.exec(source.slice(from))?.[0].length ?? 0)
      throw invalid(
        field,
        at,
        `has ${quote(source.slice(at, at + 10))}, which is no part of an expression`,
      )
    }
    const at = TOKEN.lastIndex - match[0].trimStart().length
    tokens.push(tokenOf(groups, at))
  }
  tokens.push({ kind: 'end', text: '', at: end })
  return tokens
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>, at: number): Token {
  const { number, text, quoted, word, sign } = groups
  if (number !== undefined) return { kind: 'number', text: number, at }
  if (text !== undefined) return { kind: 'text', text: unescape(text), at }
  if (quoted !== undefined) return { kind: 'name', text: unescape(quoted), at }
  if (word !== undefined)
    return { kind: WORDS.has(word.toLowerCase()) ? 'word' : 'name', text: word, at }
  return { kind: 'sign', text: sign ?? '', at }
}

const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, '$1')

class Parser {
  nodes = 0
  readonly names = new Set<string>()
  readonly #tokens: readonly Token[]
  readonly #field: string
  #at = 0

  constructor(tokens: readonly Token[], field: string) {
    this.#tokens = tokens
    this.#field = field
  }

  expression(depth: number): Node {
    if (depth > MOST_DEPTH) throw this.#wrong(`is nested deeper than ${MOST_DEPTH}`)
    if (!this.#takes('if')) return this.#any(depth)
    const when = this.expression(depth + 1)
    this.#needs('then')
    const yes = this.expression(depth + 1)
    this.#needs('else')
    return this.#made({ type: 'if', when, yes, no: this.expression(depth + 1) })
  }

  end(): void {
    if (this.#next.kind !== 'end') throw this.#wrong(`does not end at ${quote(this.#next.text)}`)
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', at: 0 }
  }

  #is(text: string): boolean {
    const { kind, text: found } = this.#next
    return (kind === 'sign' || kind === 'word') && found.toLowerCase() === text
  }

  #takes(text: string): boolean {
    const isThere = this.#is(text)
    if (isThere) this.#at += 1
    return isThere
  }

  #needs(text: string): void {
    if (!this.#takes(text)) throw this.#wrong(`lacks ${quote(text)}`)
  }

  #made<Made extends Node>(node: Made): Made {
    this.nodes += 1
    if (this.nodes > MOST_NODES) throw this.#wrong(`has more than ${MOST_NODES} parts`)
    return node
  }

  #any(depth: number): Node {
    const parts = [this.#all(depth)]
    while (this.#takes('or')) parts.push(this.#all(depth))
    return parts.length === 1 ? parts[0]! : this.#made({ type: 'or', parts })
  }

  #all(depth: number): Node {
    const parts = [this.#negation(depth)]
    while (this.#takes('and')) parts.push(this.#negation(depth))
    return parts.length === 1 ? parts[0]! : this.#made({ type: 'and', parts })
  }

  #negation(depth: number): Node {
    if (depth > MOST_DEPTH) throw this.#wrong(`is nested deeper than ${MOST_DEPTH}`)
    if (!this.#takes('not')) return this.#comparison(depth)
    return this.#made({ type: 'not', of: this.#negation(depth + 1) })
  }

  #comparison(depth: number): Node {
    const left = this.#sum(depth)
    const { kind, text } = this.#next
    if (kind === 'sign' && COMPARISONS.has(text)) {
      this.#at += 1
      const operator = (text === '==' ? '=' : text) as Operator
      return this.#made({ type: 'binary', operator, left, right: this.#sum(depth) })
    }
    const isNot = this.#takes('not')
    for (const operator of ['in', 'contains'] as const) {
      if (!this.#takes(operator)) continue
      const found = this.#made({ type: 'binary', operator, left, right: this.#sum(depth) })
      return isNot ? this.#made({ type: 'not', of: found }) : found
    }
    if (isNot) throw this.#wrong('lacks "in" after "not"')
    return left
  }

  #sum(depth: number): Node {
    let left = this.#product(depth)
    for (;;) {
      const operator = this.#takes('+') ? '+' : this.#takes('-') ? '-' : undefined
      if (!operator) return left
      left = this.#made({ type: 'binary', operator, left, right: this.#product(depth) })
    }
  }

  #product(depth: number): Node {
    let left = this.#value(depth)
    for (;;) {
      const operator = this.#takes('*') ? '*' : this.#takes('/') ? '/' : undefined
      if (!operator) return left
      left = this.#made({ type: 'binary', operator, left, right: this.#value(depth) })
    }
  }

  #value(depth: number): Node {
    if (depth > MOST_DEPTH) throw this.#wrong(`is nested deeper than ${MOST_DEPTH}`)
    if (this.#takes('-')) return this.#made({ type: 'minus', of: this.#value(depth + 1) })
    if (this.#takes('(')) {
      const inner = this.expression(depth + 1)
      this.#needs(')')
      return inner
    }
    if (this.#takes('[')) return this.#list()
    const token = this.#next
    if (token.kind === 'name') {
      this.#at += 1
      this.names.add(token.text)
      return this.#made({ type: 'name', name: token.text })
    }
    return this.#made({ type: 'value', value: this.#literal() })
  }

  #list(): Node {
    const values: Value[] = []
    if (!this.#takes(']')) {
      do {
        values.push(this.#takes('-') ? -Number(this.#literal()) : this.#literal())
        if (values.length > MOST_LIST)
          throw this.#wrong(`has a list of more than ${MOST_LIST} values`)
      } while (this.#takes(','))
      this.#needs(']')
    }
    return this.#made({ type: 'list', values })
  }

  #literal(): Value {
    const token = this.#next
    const word = token.kind === 'word' ? token.text.toLowerCase() : ''
    if (
      token.kind !== 'number' &&
      token.kind !== 'text' &&
      !['true', 'false', 'null'].includes(word)
    ) {
      throw this.#wrong(
        token.kind === 'end'
          ? 'ends too early'
          : `has ${quote(token.text)} where a value should be`,
      )
    }
    this.#at += 1
    if (token.kind === 'number') return Number(token.text)
    if (token.kind === 'text') return token.text
    return word === 'null' ? null : word === 'true'
  }

  #wrong(problem: string): Error {
    return invalid(this.#field, this.#next.at, problem)
  }
}

const invalid = (field: string, position: number, problem: string): Error =>
  servingError(
    'SERVING_INVALID_EXPRESSION',
    `${field} ${problem} (at character ${position + 1}): write for example price < 20 and 'comedy' in genres`,
    {
      details: {
        field,
        position,
        issues: [{ path: `/${field}`, message: `${problem} at character ${position + 1}` }],
      },
    },
  )
