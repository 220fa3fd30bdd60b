/** Runs a program to its end. */
import { spawn, type SpawnOptionsWithoutStdio } from 'node:child_process'

/** Its standard output. Rejects with what it said unless it ended with 0; `name` is what the error calls it. */
export function runProgram(
  name: string,
  command: string,
  args: readonly string[],
  input = '',
  options: SpawnOptionsWithoutStdio = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options)
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(out)
      else reject(new Error(`${name} ended with ${code}:\n${out}${err}`))
    })
    child.stdin.end(input)
  })
}
