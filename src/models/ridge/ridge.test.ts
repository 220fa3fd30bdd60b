import { describe, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { ridge } from './ridge.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(ridge)) test(`${guarantee} ${name}`, run)
})
