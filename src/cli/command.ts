/**
 * A command is one value: name, arguments, options and `run`. Help is derived from it. What is heavy is imported inside
 * `run`, so that `millrace --help` stays quick.
 */
import type { Log } from '../log/index.ts'
import type { ApiClient } from './api-client.ts'
import type { Output } from './output.ts'

export interface ArgumentSpec {
  /** `<file>` is required, `[file]` is not, `<files...>` takes the rest. */
  readonly name: string
  readonly description: string
}

export interface OptionSpec {
  readonly flags: string
  readonly description: string
  readonly default?: unknown
  /** The text that stands for the option without a value: of `--jitter [share]`. */
  readonly preset?: string
  /** Turns the text into its value; throws CLI_USAGE. */
  readonly parse?: (text: string) => unknown
  /** May be given several times; the value is a list. */
  readonly repeats?: boolean
}

/** Options that every command takes. */
export interface CommonOptions {
  readonly json?: boolean
  readonly url?: string
  readonly dataDir?: string
}

/** Where a command may get its answers: `read` ones open the data folder when nothing runs. */
export type Connection = 'read' | 'change'

export interface CommandTools {
  readonly output: Output
  readonly options: CommonOptions
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal
  readonly connect: (connection: Connection) => Promise<ApiClient>
  /** The log behind a broker: the named one, else the running instance's. Throws CLI_NO_BROKER. */
  readonly attach: (bootstrap?: string) => Promise<Log>
}

export interface CommandSpec<Options extends object = object> {
  /** One or two words: `sql`, `topics list`. */
  readonly name: string
  readonly summary: string
  readonly arguments?: readonly ArgumentSpec[]
  readonly options?: readonly OptionSpec[]
  /** Lines under "Examples:" of the help. */
  readonly examples?: readonly string[]
  /** Handles signals itself. */
  readonly handlesSignals?: boolean
  readonly run: (
    input: { readonly args: readonly (string | readonly string[])[]; readonly options: Options },
    tools: CommandTools,
  ) => Promise<void>
}

/** Any command, as the table holds them. */
export type AnyCommand = Omit<CommandSpec, 'run'> & {
  readonly run: (
    input: { readonly args: readonly (string | readonly string[])[]; readonly options: never },
    tools: CommandTools,
  ) => Promise<void>
}

export function defineCommand<Options extends object = object>(
  spec: CommandSpec<Options>,
): AnyCommand {
  return spec
}

/** The argument at a place, as a text; empty when it was not given. */
export function argument(args: readonly (string | readonly string[])[], place: number): string {
  const value = args[place]
  return typeof value === 'string' ? value : ''
}
