import type { JobAnswer, ModelAnswer, VersionAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { integer, oneOf } from '../../option-values.ts'
import { versionTable } from '../../version-text.ts'
import { waitForJobs } from '../../wait-for-jobs.ts'

interface TrainOptions {
  readonly parts?: number
  readonly scheme?: string
  readonly refresh?: boolean
  readonly wait: boolean
}

export const trainModels = defineCommand<TrainOptions>({
  name: 'train',
  summary: 'train a model, or all models of the app, now',
  arguments: [{ name: '<model|app>', description: 'name of a model, or of the app for all' }],
  options: [
    {
      flags: '--parts <n>',
      description: 'train on n sets, one version each (default: the newest set)',
      parse: integer(1, 100),
    },
    {
      flags: '--scheme <scheme>',
      description: 'cumulative: first n-th, first two n-ths, …; or disjoint',
      parse: oneOf('cumulative', 'disjoint'),
    },
    {
      flags: '--refresh',
      description: 'learn again only what changed since the version that serves was made',
    },
    { flags: '--no-wait', description: 'only start the jobs' },
  ],
  examples: ['millrace train movielens --parts 3', 'millrace train movies --refresh'],
  async run({ args, options: { parts, scheme, refresh, wait } }, { output, connect, signal }) {
    const name = argument(args, 0)
    const api = await connect('change')
    const [{ app }, { models }] = await Promise.all([
      api.get<{ app: string }>('/v1/status'),
      api.get<{ models: ModelAnswer[] }>('/v1/models'),
    ])
    const names = models.map((model) => model.name)
    const wanted = names.includes(name) ? [name] : name === app ? names : []
    if (wanted.length === 0) {
      throw cliError(
        'CLI_USAGE',
        `there is no model "${name}": use one of ${names.join(', ')}, or ${app} for all`,
      )
    }
    const jobs: JobAnswer[] = []
    for (const model of wanted) {
      const answer = await api.post<{ jobs: JobAnswer[] }>(path`/v1/models/${model}/train`, {
        parts,
        scheme,
        mode: refresh === true ? 'refresh' : undefined,
        by: 'cli',
      })
      jobs.push(...answer.jobs)
    }
    if (!wait) {
      await output.data(jobs, () =>
        jobs.forEach(({ id, model }) => output.line(`${model}: job ${id}`)),
      )
      return
    }
    const ended = await waitForJobs(api, jobs, output, signal)
    const versions = await Promise.all(
      ended
        .filter((job) => job.version !== undefined)
        .map((job) =>
          api.get<VersionAnswer>(path`/v1/models/${job.model}/versions/${job.version ?? 0}`),
        ),
    )
    await output.data(versions, () => versionTable(versions, output))
    const failed = ended.filter(({ state }) => state === 'failed' || state === 'cancelled')
    if (failed.length > 0) {
      const reasons = failed.map(
        ({ model, state, error }) => `${model} ${state}: ${error?.message ?? ''}`,
      )
      throw cliError('CLI_JOB_FAILED', reasons.join('; '))
    }
  },
})
