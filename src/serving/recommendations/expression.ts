/**
 * Evaluates an expression for an item. A missing attribute is null; a comparison with null is false, except `= null` and
 * `!= null`; arithmetic with what is no number is null. Texts and numbers are never turned into each other.
 *
 * `x in y`: y is a list, a text that is a JSON list, or a text of parts separated by `|`. `x contains y`: y is part of the
 * text x, whatever the case.
 */
import { servingError } from '../errors.ts'
import type { Expression, Node, Operator, Value } from './expression-parser.ts'

/** The attribute of this name; undefined is null. */
export type Attributes = (name: string) => Value | undefined

/** Counts what the expressions of one request cost, and refuses what would hold up the others. */
export interface Budget {
  /** Throws SERVING_EXPRESSION_TOO_COSTLY. */
  spend(nodes: number): void
}

/** Parts × items: about a second of one core. */
const MOST_WORK = 20_000_000

export function createBudget(): Budget {
  let left = MOST_WORK
  return {
    spend(nodes) {
      left -= nodes
      if (left >= 0) return
      throw servingError(
        'SERVING_EXPRESSION_TOO_COSTLY',
        `filter and boost would be evaluated more than ${MOST_WORK} times (parts × items): shorten them, or send ids as allow`,
      )
    },
  }
}

export const evaluate = ({ root }: Expression, attributes: Attributes): Value =>
  valueOf(root, attributes)

/** Only true is true. */
export const isTrue = (expression: Expression, attributes: Attributes): boolean =>
  evaluate(expression, attributes) === true

function valueOf(node: Node, attributes: Attributes): Value {
  switch (node.type) {
    case 'value':
      return node.value
    case 'list':
      return null
    case 'name':
      return attributes(node.name) ?? null
    case 'not':
      return valueOf(node.of, attributes) !== true
    case 'minus':
      return arithmetic('-', 0, valueOf(node.of, attributes))
    case 'and':
      return node.parts.every((part) => valueOf(part, attributes) === true)
    case 'or':
      return node.parts.some((part) => valueOf(part, attributes) === true)
    case 'if':
      return valueOf(valueOf(node.when, attributes) === true ? node.yes : node.no, attributes)
    default:
      return binary(node.operator, node.left, node.right, attributes)
  }
}

function binary(operator: Operator, left: Node, right: Node, attributes: Attributes): Value {
  const a = valueOf(left, attributes)
  if (operator === 'in') {
    if (right.type === 'list') return right.values.includes(a)
    return membersOf(valueOf(right, attributes)).includes(a)
  }
  const b = valueOf(right, attributes)
  switch (operator) {
    case '=':
      return a === b
    case '!=':
      return a !== b
    case 'contains':
      return (
        typeof a === 'string' && typeof b === 'string' && a.toLowerCase().includes(b.toLowerCase())
      )
    case '+':
    case '-':
    case '*':
    case '/':
      return arithmetic(operator, a, b)
    default:
      return compare(operator, a, b)
  }
}

function compare(operator: '<' | '<=' | '>' | '>=', a: Value, b: Value): boolean {
  const isNumbers = typeof a === 'number' && typeof b === 'number'
  const isTexts = typeof a === 'string' && typeof b === 'string'
  if (!isNumbers && !isTexts) return false
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

function arithmetic(operator: '+' | '-' | '*' | '/', a: Value, b: Value): number | null {
  if (typeof a !== 'number' || typeof b !== 'number') return null
  const result =
    operator === '+' ? a + b : operator === '-' ? a - b : operator === '*' ? a * b : a / b
  return Number.isFinite(result) ? result : null
}

function membersOf(value: Value): readonly Value[] {
  if (typeof value !== 'string') return []
  if (value.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(value)
      if (Array.isArray(list)) return list.filter(isValue)
    } catch {
      // A text that only looks like a list is a text.
    }
  }
  return value.split('|')
}

const isValue = (value: unknown): value is Value =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value)
