import { packageVersion } from '../../../core/index.ts'
import { defineCommand } from '../../command.ts'

export const showVersion = defineCommand({
  name: 'version',
  summary: 'print the version',
  async run(_input, { output }) {
    const versions = { millrace: packageVersion(), node: process.versions.node }
    await output.data(versions, () => output.line(versions.millrace))
  },
})
