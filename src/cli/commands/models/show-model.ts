import type { ModelAnswer, VersionAnswer, VersionSummaryAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { splitReference } from '../../model-reference.ts'
import {
  importanceTable,
  refreshText,
  reportTable,
  setText,
  versionTable,
} from '../../version-text.ts'

export const showModel = defineCommand({
  name: 'models show',
  summary: 'show a model with its versions, or one version with its lineage',
  arguments: [{ name: '<model[@version]>', description: 'like, like@7 or like@champion' }],
  async run({ args }, { output, connect }) {
    const { model, version } = splitReference(argument(args, 0))
    const api = await connect('read')
    if (version === undefined) {
      const [summary, { versions }] = await Promise.all([
        api.get<ModelAnswer>(path`/v1/models/${model}`),
        api.get<{ versions: VersionSummaryAnswer[] }>(path`/v1/models/${model}/versions`),
      ])
      await output.data({ ...summary, list: versions }, async () => {
        const serves = summary.live === null ? summary.waiting : `serves @${summary.live.version}`
        output.line(
          `${summary.name}: ${summary.task}, ${summary.kind}, from ${summary.table}; ${serves}`,
        )
        output.line()
        await versionTable(versions, output)
      })
      return
    }
    const one = await api.get<VersionAnswer>(path`/v1/models/${model}/versions/${version}`)
    await output.data(one, async () => {
      const { lineage } = one
      output.line(`${one.model}@${one.version} (${one.status}), ${one.kind}, made ${one.createdAt}`)
      output.line(
        `set      ${setText(one.set)}, ${lineage.rows} rows, batches ${lineage.batches.join(' to ')}`,
      )
      if (lineage.refreshed) output.line(`refresh  ${refreshText(lineage.refreshed)}`)
      output.line(`trigger  ${lineage.trigger}; seed ${lineage.seed}; code ${lineage.codeVersion}`)
      output.line(`params   ${JSON.stringify(one.params)}`)
      output.line(`digest   ${one.digest}`)
      output.line(`gate     ${one.gate.passed ? 'passed' : 'rejected'}: ${one.gate.reason}`)
      output.line()
      await reportTable(one.reports, output)
      await importanceTable(one.importance, output)
    })
  },
})
