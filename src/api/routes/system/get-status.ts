/**
 * GET /v1/status
 *
 * What runs and how far it is, in one answer: for the command line and for people.
 *
 * 200
 *
 * `{"app":"movielens","version":"0.1.0","startedAt":"…","uptimeSeconds":12.3,"ready":true,"roles":[{"role":"ingest","ready":true,"waiting":[]}],"sources":[{"topic":"ratings","source":"file:ratings.csv","position":2000,"total":100836,"accepted":2000,"duplicates":0,"deadLettered":0,"ratePerSecond":1998,"state":"running"}],"topics":[…],"tables":[…],"models":[…],"jobs":{"queued":0,"running":1},"warnings":[]}`
 */
import { isInternalTopic, packageVersion } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { modelAnswer } from '../../model-answer.ts'
import { statusAnswer } from '../../schemas/system-schemas.ts'
import { tableSummary } from '../../table-answer.ts'

export const getStatus = defineRoute({
  method: 'GET',
  path: '/v1/status',
  tag: 'system',
  summary: 'What runs and how far it is',
  answer: statusAnswer,
  quiet: true,
  handler: async (_request, { app }) => {
    const [roles, topics] = await Promise.all([app.readiness(), app.log.topics()])
    const jobs = app.trainer.jobs()
    return {
      app: app.definition.name,
      version: packageVersion(),
      startedAt: app.startedAt,
      uptimeSeconds: (app.clock.now() - Date.parse(app.startedAt)) / 1000,
      ready: roles.every(({ ready }) => ready),
      roles,
      sources: app.ingest.replays(),
      topics: topics
        .filter(({ name }) => !isInternalTopic(name))
        .map(({ name, partitions }) => ({
          name,
          records: partitions.reduce((sum, { earliest, end }) => sum + end - earliest, 0),
          end: partitions.reduce((sum, { end }) => sum + end, 0),
        })),
      tables: app.lake.tables().map((table) => tableSummary(table, app)),
      models: [...app.models.values()].map((spec) => modelAnswer(spec, app)),
      jobs: {
        queued: jobs.filter(({ state }) => state === 'queued').length,
        running: jobs.filter(({ state }) => state === 'running').length,
      },
      warnings: app.warnings(),
    }
  },
})
