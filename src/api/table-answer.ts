import type { z } from 'zod'
import type { RunningApp } from '../app/index.ts'
import type { Sent } from './define-route.ts'
import type { tableSchema, tableSummarySchema } from './schemas/table-schemas.ts'

type LakeTable = ReturnType<RunningApp['lake']['table']>

export function tableSummary(
  table: LakeTable,
  app: RunningApp,
): Sent<z.output<typeof tableSummarySchema>> {
  const snapshot = table.snapshot()
  const sink = app.sinks.get(table.name)
  const open = sink?.open()
  return {
    name: table.name,
    topic: table.topic,
    rows: snapshot.rows,
    bytes: snapshot.bytes,
    files: snapshot.files.length,
    lastBatch: snapshot.lastBatch,
    expiredRows: snapshot.expiredRows,
    open: open
      ? { number: open.number, rows: open.rows, bytes: open.bytes, ageMs: open.ageMs }
      : null,
    failure: sink?.failure()?.message ?? null,
  }
}

export function tableAnswer(table: LakeTable, app: RunningApp): Sent<z.output<typeof tableSchema>> {
  const snapshot = table.snapshot()
  return {
    ...tableSummary(table, app),
    version: snapshot.version,
    columns: snapshot.columns,
    partitionBy: snapshot.partitionBy,
    maintenance: table.maintenance,
    ends: [...snapshot.ends].map(([partition, end]) => ({ partition, end })),
    fileList: snapshot.files,
  }
}
