import { describe, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { mean } from './mean.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(mean)) test(`${guarantee} ${name}`, run)
})
