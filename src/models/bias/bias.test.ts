import { describe, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { bias } from './bias.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(bias)) test(`${guarantee} ${name}`, run)
})
