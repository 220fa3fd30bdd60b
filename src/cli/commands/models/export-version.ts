import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { quote } from '../../../core/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'
import { userPath } from '../../instance.ts'
import { splitReference } from '../../model-reference.ts'
import { oneOf } from '../../option-values.ts'

const FORMATS = ['safetensors', 'onnx'] as const

export const exportVersion = defineCommand<{ format: string; to?: string }>({
  name: 'models export',
  summary: 'write a version as files that other programs read',
  arguments: [{ name: '<model[@version]>', description: 'default: the version that serves' }],
  options: [
    {
      flags: '--format <name>',
      description: 'safetensors (model.json and tensors.safetensors) or onnx',
      parse: oneOf(...FORMATS),
      default: 'safetensors',
    },
    { flags: '--to <path>', description: 'folder, or file for onnx; default: named after it' },
  ],
  examples: ['millrace models export like@3 --format onnx --to like.onnx'],
  async run({ args, options: { format, to } }, { output, connect }) {
    const { model, version = 'champion' } = splitReference(argument(args, 0))
    const api = await connect('read')
    const base = path`/v1/models/${model}/versions/${version}/artifact`
    const found = await api.get<{ version: number; files: { name: string }[] }>(base)
    const place = userPath(to ?? `${model}-${found.version}${format === 'onnx' ? '.onnx' : ''}`)
    const names = format === 'onnx' ? ['model.onnx'] : found.files.map(({ name }) => name)
    const written: { file: string; bytes: number }[] = []
    for (const name of names) {
      const file = format === 'onnx' ? place : join(place, name)
      // By number: the alias may move between two files.
      const from = path`/v1/models/${model}/versions/${found.version}/artifact/${name}`
      const { bytes } = await api.send({ method: 'GET', path: from })
      await writeNew(file, bytes)
      written.push({ file, bytes: bytes.length })
    }
    await output.data({ model, version: found.version, format, files: written }, () => {
      for (const { file, bytes } of written) output.line(`${file}: ${bytes} bytes`)
    })
  },
})

/** An exported file is somebody's input: it is never written over. */
async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes, { flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EEXIST'
        ? 'is there already: name another with --to'
        : `cannot be written (${code}): check --to`
    throw cliError('CLI_USAGE', `${quote(file)} ${why}`, { cause: error })
  }
}
