import { z } from 'zod'

export const issueSchema = z.object({
  path: z
    .string()
    .describe('JSON pointer into the body, or `query/<name>`, `path/<name>`; empty for the whole'),
  message: z.string(),
})

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; branch on this'),
    detail: z.string().describe('What failed and what to do'),
    instance: z.string().optional(),
    errors: z.array(issueSchema).optional(),
  })
  .describe('A problem document (RFC 9457)')
