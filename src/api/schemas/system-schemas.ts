import { z } from 'zod'

export const roleSchema = z.object({
  role: z.enum(['ingest', 'query', 'serve']),
  ready: z.boolean(),
  waiting: z.array(z.string()).describe('What is missing and how much'),
})
