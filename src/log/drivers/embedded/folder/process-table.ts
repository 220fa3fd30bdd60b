/**
 * Who a process is, so that a lock outlives neither its process nor a restart of the machine: a process id alone is given
 * out again. Linux: boot id and the process's start time in clock ticks since then (proc(5), field 22 of `stat`). macOS:
 * the boot session and the start time that `ps` shows.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { readText } from './durable-file.ts'
import type { Storage } from '../storage.ts'

export interface ProcessTable {
  /** This process. */
  readonly pid: number
  /** Changes with every start of the machine. */
  bootId(): Promise<string>
  /** When a process began, in any form that is equal only for the same process; undefined when there is none. */
  startOf(pid: number): Promise<string | undefined>
}

export function systemProcesses(storage: Storage): ProcessTable {
  return process.platform === 'linux' ? linuxProcesses(storage) : posixProcesses()
}

function linuxProcesses(storage: Storage): ProcessTable {
  return {
    pid: process.pid,
    bootId: async () => (await readText(storage, '/proc/sys/kernel/random/boot_id'))?.trim() ?? '',
    async startOf(pid) {
      const stat = await readText(storage, `/proc/${pid}/stat`).catch(() => undefined)
      // The second field is the command in parentheses and may hold spaces: count from behind it.
      const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
      const [state, start] = [fields?.[0], fields?.[19]]
      // A zombie is dead: it holds no files, only its parent has not asked yet.
      return state === 'Z' || state === 'X' ? undefined : start
    },
  }
}

const run = promisify(execFile)

async function ask(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    return (await run(command, args)).stdout.trim() || undefined
  } catch {
    return undefined
  }
}

function posixProcesses(): ProcessTable {
  return {
    pid: process.pid,
    bootId: async () => (await ask('sysctl', '-n', 'kern.bootsessionuuid')) ?? '',
    startOf: (pid) => ask('ps', '-o', 'lstart=', '-p', String(pid)),
  }
}
