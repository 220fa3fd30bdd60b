/** From the schema of messages that hold a list to the columns of one row: what a row is called, and where it comes from. */
import { z } from 'zod'
import type { Cell, EventSchema } from '../../core/index.ts'
import { quote } from '../../core/index.ts'
import { streamError } from '../errors.ts'

export interface UnnestSpec {
  /** Of a message. */
  readonly schema: EventSchema
  /** The field with the list: objects, or plain values. */
  readonly each: string
  /** Fields of the message that every row gets. */
  readonly take: readonly string[]
}

type Message = Readonly<Record<string, unknown>>

interface UnnestColumn {
  readonly name: string
  readonly type: z.ZodType
  readonly cellOf: (item: unknown, message: Message) => unknown
}

export interface UnnestShape {
  /** Of a row. */
  readonly schema: EventSchema
  rowsOf(message: Message): Readonly<Record<string, Cell>>[]
}

/**
 * Columns: `row` (place in the list, from 0), the fields of its objects, then `take`. A field that is a list of a fixed
 * number of values becomes so many columns: `x` of five is `x_1` to `x_5`. Plain values are the column `value`.
 * Throws STREAM_INVALID_UNNEST.
 */
export function unnestShape({ schema, each, take }: UnnestSpec): UnnestShape {
  const list = schema.shape[each]
  if (!(list instanceof z.ZodArray)) {
    throw invalid(`each: ${quote(each)} is no list of the schema: name a z.array(…) field`)
  }
  const columns: UnnestColumn[] = [
    ...itemColumns(list.element as z.ZodType),
    ...take.map((name) => messageColumn(schema, name)),
  ]
  const names = ['row', ...columns.map(({ name }) => name)]
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) {
    throw invalid(`two columns are called ${quote(twice)}: rename a field, or leave it out of take`)
  }
  return {
    schema: z.object({
      row: z.int().min(0),
      ...Object.fromEntries(columns.map(({ name, type }) => [name, type])),
    }),
    rowsOf: (message) =>
      (message[each] as unknown[]).map((item, row) => ({
        row,
        ...Object.fromEntries(
          columns.map(({ name, cellOf }) => [name, (cellOf(item, message) ?? null) as Cell]),
        ),
      })),
  }
}

function itemColumns(item: z.ZodType): UnnestColumn[] {
  if (!(item instanceof z.ZodObject)) {
    return [{ name: 'value', type: item, cellOf: (value) => value }]
  }
  return Object.entries(item.shape as z.ZodRawShape).flatMap(([name, type]): UnnestColumn[] => {
    const fieldOf = (value: unknown): unknown => (value as Message)[name]
    if (!(type instanceof z.ZodArray)) {
      return [{ name, type: type as z.ZodType, cellOf: fieldOf }]
    }
    const length = fixedLength(type)
    if (length === undefined) {
      throw invalid(
        `the list ${quote(name)} has no fixed length: write z.array(…).length(n), so that it becomes n columns`,
      )
    }
    return Array.from({ length }, (_, place) => ({
      name: `${name}_${place + 1}`,
      type: type.element as z.ZodType,
      cellOf: (value) => (fieldOf(value) as unknown[])[place],
    }))
  })
}

function messageColumn(schema: EventSchema, name: string): UnnestColumn {
  const type = schema.shape[name]
  if (type === undefined) throw invalid(`take: ${quote(name)} is no field of the schema`)
  return { name, type: type as z.ZodType, cellOf: (_item, message) => message[name] }
}

/** `minItems` and `maxItems` of the schema, when they are the same. */
function fixedLength(list: z.ZodType): number | undefined {
  const { minItems, maxItems } = z.toJSONSchema(list, { unrepresentable: 'any' })
  return minItems === maxItems ? maxItems : undefined
}

const invalid = (message: string): Error => streamError('STREAM_INVALID_UNNEST', message)
