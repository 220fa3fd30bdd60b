import { describe, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { majority } from './majority.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(majority))
    test(`${guarantee} ${name}`, run)
})
