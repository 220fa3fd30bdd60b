/**
 * POST /v1/backups
 *
 * The data folder at one point in time, as a tar, while events go on arriving. Its last entry, `MILLRACE-BACKUP.json`, lists
 * every file with its SHA-256: an archive without it was cut off. `millrace restore` makes a data folder of it.
 *
 * 200 `application/x-tar` · 422 the events are on a Kafka cluster
 */
import { z } from 'zod'
import { createBackup as openBackup } from '../../../app/index.ts'
import { defineRoute } from '../../define-route.ts'

export const createBackup = defineRoute({
  method: 'POST',
  path: '/v1/backups',
  tag: 'system',
  summary: 'Back the data folder up',
  answer: z.string().describe('A tar archive'),
  answerType: 'application/x-tar',
  handler: async (_request, { app, reply }) => {
    const { stream } = await openBackup(app.dataDir, app.clock)
    return reply.header('content-type', 'application/x-tar').send(stream)
  },
})
