import { expect, test } from 'vitest'
import { createBudget, evaluate } from './expression.ts'
import { parseExpression } from './expression-parser.ts'

const item: Readonly<Record<string, string | number | boolean | null>> = {
  price: 12,
  title: 'Blue Train',
  genres: 'Jazz|Hard bop',
  tags: '["new","sale"]',
  isNew: true,
  'made in': 'Hackensack',
  nothing: null,
}
const of = (text: string) =>
  evaluate(parseExpression(text, 'filter'), (name) =>
    Object.hasOwn(item, name) ? item[name] : undefined,
  )

test.each([
  ["price < 20 and 'Jazz' in genres", true],
  ["price < 20 and 'jazz' in genres", false],
  ["'sale' in tags", true],
  ['price in [1, 12, -3]', true],
  ['price not in [1, 12]', false],
  ["title contains 'train'", true],
  ['not (price >= 12) or isNew', true],
  ['not isNew = true', false],
  ['if isNew then 1.3 else 1', 1.3],
  ['if price > 100 then 2 else if price > 10 then 1.5 else 1', 1.5],
  ['1 + 2 * 3 - 4 / 2', 5],
  ['-(price - 10) * 2', -4],
  ['1e3 = 1000', true],
  [`"made in" != 'Rudy\\'s'`, true],
  ['nothing = null', true],
  ['missing = null', true],
  ['missing > 1', false],
  ['missing + 1', null],
  ['1 / 0', null],
  ["'12' = price", false],
  ["'12' < price", false],
  ['constructor', null],
  ['AND', 0],
])('%s', (text, value) => {
  if (text === 'AND') expect(() => of(text)).toThrow('where a value should be')
  else expect(of(text)).toBe(value)
})

test.each([
  ['price <', 7],
  ['price < 20 banana 3', 11],
  ['(price < 20', 11],
  ['price ~ 3', 6],
  ["'open", 0],
  ['[1, price]', 4],
  ['if a then b', 11],
  ['', 0],
])('%s is refused at %i', (text, position) => {
  expect(() => parseExpression(text, 'boost')).toThrow(
    expect.objectContaining({
      code: 'SERVING_INVALID_EXPRESSION',
      details: expect.objectContaining({ field: 'boost', position }),
    }),
  )
})

test('a request has a budget', () => {
  const budget = createBudget()
  budget.spend(19_999_999)
  budget.spend(1)
  expect(() => budget.spend(1)).toThrow(
    expect.objectContaining({ code: 'SERVING_EXPRESSION_TOO_COSTLY' }),
  )
})
