/** Takes a view's expressions apart: what is computed per row, what is aggregated, what is computed from aggregates. */
import { quote } from '../core/index.ts'
import { supportedAggregates, type AggregateName } from './aggregate-kinds.ts'
import type { FeatureViewSpec } from './feature-view.ts'
import { isAggregate } from './view-check.ts'
import { invalid } from './view-parser.ts'
import { aggregateColumn } from './view-source.ts'
import {
  columnPath,
  columnRef,
  functionArguments,
  functionName,
  mapChildren,
  type SqlExpression,
} from './view-tree.ts'

/** An aggregate as it is written, before its types are known. Numbers are indexes of row expressions. */
export interface AggregateDraft {
  readonly kind: AggregateName
  /** What is aggregated; absent for `count(*)`. */
  readonly value?: number
  /** What it is compared by; absent: event order. */
  readonly by?: number
  /** Conditions that must all be true. */
  readonly filters: readonly number[]
}

export interface RowDraft {
  readonly tree: SqlExpression
  readonly isCondition: boolean
}

/** Collects the row expressions and aggregates of a view, equal ones once. */
export class ViewParts {
  readonly rows: RowDraft[] = []
  readonly aggregates: AggregateDraft[] = []
  /** The aggregates as they were written. */
  readonly aggregateTrees: SqlExpression[] = []
  readonly #known = new Map<string, number>()
  readonly #spec: FeatureViewSpec

  constructor(spec: FeatureViewSpec) {
    this.#spec = spec
  }

  /** The expression with every aggregate replaced by its column. */
  takeAggregates(node: SqlExpression): SqlExpression {
    if (isAggregate(node)) {
      return columnRef(aggregateColumn(this.#spec.name, this.#addAggregate(node)))
    }
    if (node.class === 'COLUMN_REF') {
      throw invalid(
        this.#spec,
        `uses ${quote(columnPath(node)[0] ?? '')} outside an aggregate: wrap it, for example in last(…), or name a feature that is defined before`,
      )
    }
    return mapChildren(node, (child) => this.takeAggregates(child))
  }

  #addAggregate(node: SqlExpression): number {
    const supported = supportedAggregates[functionName(node)]
    if (!supported) throw new TypeError(`${functionName(node)} is not a supported aggregate`)
    const [value, by] = functionArguments(node)
    const filter = node['filter'] as SqlExpression | null
    const filters = filter ? [this.#addRow(filter, true)] : []
    if (supported.condition && value) filters.push(this.#addRow(value, true))
    const draft: AggregateDraft = {
      kind: supported.kind,
      filters,
      ...(value && !supported.condition ? { value: this.#addRow(value, false) } : {}),
      ...(by && !supported.byOrder ? { by: this.#addRow(by, false) } : {}),
    }
    return this.#once(`aggregate ${JSON.stringify(draft)}`, () => {
      this.aggregateTrees.push(node)
      return this.aggregates.push(draft) - 1
    })
  }

  #addRow(tree: SqlExpression, isCondition: boolean): number {
    return this.#once(`${isCondition} ${JSON.stringify(tree)}`, () => {
      return this.rows.push({ tree, isCondition }) - 1
    })
  }

  #once(key: string, add: () => number): number {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const index = add()
    this.#known.set(key, index)
    return index
  }
}
