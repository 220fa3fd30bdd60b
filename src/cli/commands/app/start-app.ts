import { argument, defineCommand } from '../../command.ts'
import { integer, names, oneOf, rate } from '../../option-values.ts'
import type { StartFlags } from '../../start.ts'

export const startApp = defineCommand<StartFlags>({
  name: 'start',
  summary: 'start an app: log, lake, models and REST in this process',
  arguments: [
    { name: '[app]', description: 'app file, or a folder with app.ts (default: app.ts)' },
  ],
  options: [
    {
      flags: '--port <n>',
      description: "port (default: PORT, else the app's, else 8080)",
      parse: integer(0, 65_535),
    },
    { flags: '--host <host>', description: 'address to listen on', default: '127.0.0.1' },
    { flags: '--data <path>', description: "folder or zip with the files of the app's sources" },
    {
      flags: '--log <url>',
      description:
        'kafka://host:port keeps events on a cluster (default: MILLRACE_LOG, else the data folder)',
    },
    {
      flags: '--roles <list>',
      description:
        'what runs in this process: broker,ingest,sink,train,serve (default: MILLRACE_ROLES, else all)',
      parse: names,
    },
    {
      flags: '--on-outage <what>',
      description:
        'while that cluster is away: refuse events, or spool them here (default: refuse)',
      parse: oneOf('refuse', 'spool'),
    },
    {
      flags: '--broker-port <n>',
      description:
        'port for Kafka clients, loopback only (default: MILLRACE_BROKER_PORT, else 9092)',
      parse: integer(0, 65_535),
    },
    {
      flags: '--broker-listeners <list>',
      description:
        'several ports for Kafka clients, as NAME://host:port,… (MILLRACE_BROKER_LISTENERS)',
    },
    {
      flags: '--broker-advertised-listeners <list>',
      description:
        'what the clients of each are told to connect to (MILLRACE_BROKER_ADVERTISED_LISTENERS)',
    },
    {
      flags: '--broker-allow-remote',
      description:
        'let other machines reach those ports, without any login (MILLRACE_BROKER_ALLOW_REMOTE=true)',
    },
    { flags: '--no-broker', description: 'serve no Kafka clients' },
    {
      flags: '--rate <n/s>',
      description: "events a second of each source, or unlimited (default: the app's)",
      parse: rate,
    },
    {
      flags: '--order <order>',
      description: "replay files in the order of event-time or of the file (default: the app's)",
      parse: oneOf('event-time', 'file'),
    },
    { flags: '--no-sources', description: 'replay nothing: only serve, and take events over HTTP' },
    {
      flags: '--log-level <level>',
      description:
        'debug, info, warn or error (default: LOG_LEVEL, else warn on a terminal, info elsewhere)',
      parse: oneOf('debug', 'info', 'warn', 'error'),
    },
    { flags: '--allow-host <name>', description: 'a further name of this server', repeats: true },
    {
      flags: '--allow-origin <origin>',
      description: 'a web origin that may change something',
      repeats: true,
    },
    {
      flags: '--insecure-no-keys',
      description: 'listen beyond this machine although nobody has to prove who they are',
    },
  ],
  examples: [
    'millrace start app.ts',
    'millrace start app.ts --data ml-latest-small.zip --rate 2000/s',
    'millrace start app.ts --log kafka://kafka-1:9092 --roles ingest   (and elsewhere: --roles sink,train,serve)',
    'millrace start app.ts --roles broker   (and in other terminals: --roles ingest --port 8081, …)',
  ],
  handlesSignals: true,
  async run({ args, options }, tools) {
    const { start } = await import('../../start.ts')
    await start(argument(args, 0) || '.', options, tools)
  },
})
