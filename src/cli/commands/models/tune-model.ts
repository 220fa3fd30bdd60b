import type { JobAnswer, VersionAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { integer, oneOf } from '../../option-values.ts'
import { searchTable, versionTable } from '../../version-text.ts'
import { waitForJobs } from '../../wait-for-jobs.ts'

interface TuneOptions {
  readonly time: string
  readonly method?: string
  readonly trials?: number
}

export const tuneModel = defineCommand<TuneOptions>({
  name: 'tune',
  summary: 'search for better parameters of a model, and train with the best',
  arguments: [{ name: '<model>', description: 'name of a model' }],
  options: [
    { flags: '--time <duration>', description: 'time for the search', default: '2m' },
    {
      flags: '--method <method>',
      description: 'grid, random (the default) or halving',
      parse: oneOf('grid', 'random', 'halving'),
    },
    {
      flags: '--trials <n>',
      description: 'most sets of parameters beside the declared ones (default: 100)',
      parse: integer(1, 10_000),
    },
  ],
  examples: ['millrace tune movies', 'millrace tune like --trials 20 --time 2m'],
  async run({ args, options: { time, method, trials } }, { output, connect, signal }) {
    const model = argument(args, 0)
    const api = await connect('change')
    const asked = { time, method, trials, by: 'cli' }
    const answer = await api.post<{ jobs: JobAnswer[] }>(path`/v1/models/${model}/tune`, asked)
    const [job] = await waitForJobs(api, answer.jobs, output, signal)
    if (job?.version === undefined) {
      throw cliError('CLI_JOB_FAILED', `${model} ${job?.state}: ${job?.error?.message ?? ''}`)
    }
    const version = await api.get<VersionAnswer>(path`/v1/models/${model}/versions/${job.version}`)
    await output.data(version, async () => {
      await searchTable(version.search, output)
      await versionTable([version], output)
    })
  },
})
