import type { VersionAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { splitReference } from '../../model-reference.ts'
import { reportTable, searchTable, setText } from '../../version-text.ts'

export const evaluateVersion = defineCommand({
  name: 'evaluate',
  summary: 'show how good a version is, beside its trivial baseline',
  arguments: [{ name: '<model[@version]>', description: 'default: the version that serves' }],
  examples: ['millrace evaluate like', 'millrace evaluate like@3'],
  async run({ args }, { output, connect }) {
    const { model, version = 'champion' } = splitReference(argument(args, 0))
    const api = await connect('read')
    const one = await api.get<VersionAnswer>(path`/v1/models/${model}/versions/${version}`)
    const { reports, warnings = [], search, gate } = one
    const facts = {
      model,
      version: one.version,
      reports,
      warnings,
      gate,
      ...(search && { search }),
    }
    await output.data(facts, async () => {
      output.line(
        `${one.model}@${one.version}: ${one.kind}, ${setText(one.set)}, ${one.lineage.rows} rows`,
      )
      output.line()
      await reportTable(reports, output)
      output.line()
      await searchTable(search, output)
      for (const warning of warnings) output.line(`note: ${warning}`)
      output.line(`gate: ${gate.passed ? 'passed' : 'rejected'}: ${gate.reason}`)
      for (const check of gate.checks) {
        output.line(`  ${check.passed ? 'ok ' : 'NOT'} ${check.name}: ${check.detail}`)
      }
    })
  },
})
