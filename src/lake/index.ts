export * from './lake.ts'
export { openLake, type LakeOptions } from './open-lake.ts'
export { recordColumns } from './record-columns.ts'
export {
  convertInTurns,
  rowConverter,
  rowsOf,
  type ConvertedRows,
  type RejectedRecord,
} from './rows.ts'
export { verifyLakeFolder, type VerifiedTable } from './verify-folder.ts'
export { sandboxView } from './sandbox-view.ts'
