/** The command line, made of the table of commands. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { isMillraceError, packageVersion } from '../core/index.ts'
import type { AnyCommand, CommonOptions, OptionSpec } from './command.ts'
import { commands, groups } from './commands.ts'
import { connect } from './connect.ts'
import { address } from './option-values.ts'
import { createOutput } from './output.ts'

/** Runs a command line; answers the exit code: 0 ok, 1 failure, 2 usage. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const exit: { code: number } = { code: 0 }
  const program = new Command('millrace')
    .description('Event streams in, live machine-learning services out.')
    .version(packageVersion(), '-V, --version')
    .helpCommand(false)
    .showHelpAfterError('(add --help for more)')
    .exitOverride()
  const parents = new Map<string, Command>()
  for (const command of Object.values(commands)) {
    const [first = '', second] = command.name.split(' ')
    let parent = program
    if (second !== undefined) {
      parent = parents.get(first) ?? program.command(first).description(groups[first] ?? first)
      parents.set(first, parent)
    }
    addCommand(parent, second ?? first, command, exit)
  }
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const asked = new Set(['commander.helpDisplayed', 'commander.version', 'commander.help'])
    return asked.has(error.code) && error.exitCode === 0 ? 0 : 2
  }
  return exit.code
}

function addCommand(parent: Command, name: string, spec: AnyCommand, exit: { code: number }): void {
  const command = parent.command(name).description(spec.summary).exitOverride()
  for (const { name: argument, description } of spec.arguments ?? []) {
    command.argument(argument, description)
  }
  for (const option of spec.options ?? []) command.addOption(optionOf(option))
  command
    .option('--json', 'print JSON')
    .addOption(optionOf(urlOption))
    .option('--data-dir <folder>', 'data folder (default: .millrace/<app>; MILLRACE_DATA_DIR)')
  const examples = spec.examples ?? []
  if (examples.length > 0) {
    command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
  }
  command.action(async () => {
    exit.code = await runCommand(spec, command)
  })
}

const urlOption: OptionSpec = {
  flags: '--url <url>',
  description: 'instance to speak to (default: the one that runs; MILLRACE_URL)',
  parse: address,
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description)
  if (spec.default !== undefined) option.default(spec.default)
  if (spec.preset !== undefined) option.preset(spec.preset)
  const parse = spec.parse ?? ((text: string) => text)
  if (spec.parse || spec.repeats) {
    option.argParser((text: string, previous: unknown) => {
      try {
        const value = parse(text)
        return spec.repeats ? [...((previous as unknown[] | undefined) ?? []), value] : value
      } catch (error) {
        throw new InvalidArgumentError(isMillraceError(error) ? error.message : String(error))
      }
    })
  }
  return option
}

async function runCommand(spec: AnyCommand, command: Command): Promise<number> {
  const options = command.opts<CommonOptions>()
  const output = createOutput({ json: options.json === true })
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort(new Error('interrupted'))
  }
  if (!spec.handlesSignals) {
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  }
  const closers: (() => Promise<void>)[] = []
  try {
    await spec.run(
      { args: command.processedArgs as (string | string[])[], options: options as never },
      {
        output,
        options,
        signal: stop.signal,
        async connect(connection) {
          const client = await connect(connection, options, stop.signal)
          closers.push(() => client.close())
          return client
        },
        async attach(bootstrap) {
          const [{ attach }, { findBroker }] = await Promise.all([
            import('./kafka/attach.ts'),
            import('./kafka/find-broker.ts'),
          ])
          const log = await attach(findBroker(bootstrap, options))
          closers.push(() => log.close())
          return log
        },
      },
    )
    output.liveDone()
    return 0
  } catch (error) {
    output.liveDone()
    if (stop.signal.aborted) return 130
    output.error(error)
    return isMillraceError(error, 'CLI_USAGE') ? 2 : 1
  } finally {
    for (const close of closers) await close()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}
