import { describe, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { kmeans } from './kmeans.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(kmeans)) test(`${guarantee} ${name}`, run)
})
