import type { LedgerAnswer, TopicAnswer } from '../../../api/index.ts'
import { path } from '../../api-client.ts'
import { argument, defineCommand } from '../../command.ts'
import { cliError } from '../../errors.ts'

export const showLedger = defineCommand({
  name: 'ledger',
  summary: 'show where every event is: in the lake, in flight, refused, put aside',
  arguments: [{ name: '[topic]', description: 'topic (default: those that the app declares)' }],
  async run({ args }, { output, connect }) {
    const api = await connect('read')
    const topic = argument(args, 0)
    const topics =
      topic === ''
        ? (await api.get<{ topics: TopicAnswer[] }>('/v1/topics')).topics.filter(
            ({ declared }) => declared,
          )
        : [{ name: topic }]
    const ledgers: LedgerAnswer[] = []
    for (const { name } of topics) ledgers.push(await api.get(path`/v1/topics/${name}/ledger`))
    await output.data(ledgers, async () => {
      await output.table(
        [
          'TOPIC',
          'RECEIVED',
          'IN LAKE',
          'IN FLIGHT',
          'STORED',
          'EXPIRED',
          'DUPLICATES',
          'REJECTED',
          'DEAD LETTERS',
          'DIFFERENCE',
        ],
        ledgers.map((one) => [
          one.topic,
          one.received,
          one.inLake ?? '-',
          one.inFlight ?? '-',
          one.stored ?? '-',
          one.expired,
          one.duplicates,
          one.rejected,
          one.deadLettered,
          one.difference,
        ]),
      )
      for (const { topic: name, letters } of ledgers) {
        if (letters.open > 0) {
          output.note(
            `${letters.open} dead letters of ${name} are open: millrace dead-letters list ${name}`,
          )
        }
      }
    })
    const wrong = ledgers.filter(({ balanced }) => !balanced)
    if (wrong.length > 0) {
      throw cliError(
        'CLI_REFUSED',
        `the ledger of ${wrong.map(({ topic: name }) => name).join(', ')} does not add up: run "millrace doctor" and keep the data folder`,
      )
    }
  },
})
