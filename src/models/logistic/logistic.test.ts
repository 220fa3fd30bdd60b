import { describe, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { logistic } from './logistic.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(logistic))
    test(`${guarantee} ${name}`, run)
})
