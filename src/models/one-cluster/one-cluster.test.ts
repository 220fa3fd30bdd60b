import { describe, test } from 'vitest'
import { modelConformance } from '../model.conformance.ts'
import { oneCluster } from './one-cluster.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(oneCluster))
    test(`${guarantee} ${name}`, run)
})
